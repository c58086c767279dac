/** The contract's version: trainer and client must agree on `major`; a higher minor only adds. */
export const protocolVersion = { major: 7, minor: 0 } as const;

/** True when a peer that speaks `version` can be understood. */
export function speaksOurProtocol(version: { major: number }): boolean {
  return version.major === protocolVersion.major;
}
