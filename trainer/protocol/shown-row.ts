/** The number under which a question's row is shown, from 1, as an editor counts; of an older record it may be too low. */
export const shownRow = ({ row, fileRow }: { readonly row: number; readonly fileRow?: number | undefined }): number =>
  fileRow ?? row + 1;
