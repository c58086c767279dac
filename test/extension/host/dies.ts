/** A suite whose host dies: what the harness must not take for success. */
export async function run(): Promise<void> {
  process.exit(0);
}
