/** The rule by which hostile text is shown is the contract's, since exports and the editor's documents keep it too. */
export { codeOf, type ShownPiece, shownLine, shownPieces } from '../../trainer/protocol/hostile-text.ts';
