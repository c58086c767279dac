/** The fields that a query can ask for: one entry in one table each. The store says for each what it is in SQL. */
export const fields = {} as const;

export type FieldName = keyof typeof fields;
