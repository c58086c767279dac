/** The numbers of a token, beside it: of the one under the pointer, or of the one that was gone to by key. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { RolloutTokens } from '../../trainer/protocol/records.ts';
import { placeBeside } from '../ui/beside.ts';
import { fixed, grouped } from '../ui/numbers.ts';
import { type TokenNumbers, tokenNumbers } from './token-numbers.ts';
import styles from './token-popover.module.css';

/** What a token that was gone to by key is described by. */
export const tokenPopoverId = 'token-numbers';

interface TokenPopoverProps {
  readonly tokens: RolloutTokens;
  /** Those that share the place in the text. */
  readonly shown: readonly number[];
  readonly anchor: HTMLElement;
  /** Why there is no entropy; null where there is. */
  readonly noEntropy: string | null;
}

export function TokenPopover({ tokens, shown, anchor, noEntropy }: TokenPopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (box.current) placeBeside(box.current, anchor.getClientRects()[0] ?? anchor.getBoundingClientRect());
  });
  return (
    <div ref={box} id={tokenPopoverId} class={styles.popover} role="tooltip">
      {shown.map((index) => (
        <Token key={index} token={tokenNumbers(tokens, index)} {...{ tokens, noEntropy }} />
      ))}
    </div>
  );
}

interface TokenProps extends Pick<TokenPopoverProps, 'tokens' | 'noEntropy'> {
  readonly token: TokenNumbers;
}

function Token({ token, tokens, noEntropy }: TokenProps) {
  const { missing = {} } = tokens;
  const rows: readonly (readonly [string, string])[] = [
    ['id', token.id === null ? (missing.ids ?? 'not kept') : String(token.id)],
    [token.trainerLogprob === null ? 'probability' : 'sampler', probabilityText(token.logprob)],
    ...(token.trainerLogprob === null ? [] : [['trainer', trainerText(token, token.trainerLogprob)] as const]),
    [
      'entropy',
      token.entropy === null ? (noEntropy ?? missing.entropy ?? 'not kept') : `${fixed(token.entropy, 3)} nats`,
    ],
    [
      'KL',
      token.kl === null
        ? (missing.referenceLogprobs ?? 'not kept')
        : `${fixed(token.kl, 4)} nats (reference log p ${fixed(token.referenceLogprob, 3)})`,
    ],
  ];
  return (
    <>
      <p>
        <b class={`model-text ${styles.piece}`}>{shownToken(token.piece)}</b>{' '}
        <span class="dim">token {grouped(token.index + 1)}</span>
      </p>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name} class={styles.row}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {token.alternatives.length > 0 ? (
        <table class={styles.alternatives}>
          <caption>What could have stood here</caption>
          <tbody>
            {token.alternatives.map(({ id, piece, logprob }) => (
              <tr key={id}>
                <td class={`model-text ${styles.piece}`}>{shownToken(piece)}</td>
                <td class="num">{fixed(Math.exp(logprob), 3)}</td>
                <td class="num dim">{id}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="dim">Alternatives: {shownLine(missing.alternatives ?? 'none are kept.')}</p>
      )}
    </>
  );
}

const probabilityText = (logprob: number) => `${fixed(Math.exp(logprob), 3)} (log p ${fixed(logprob, 3)})`;

function trainerText({ logprob }: TokenNumbers, trainerLogprob: number): string {
  return `${probabilityText(trainerLogprob)}, importance weight ${fixed(Math.exp(trainerLogprob - logprob), 3)}`;
}

/** Spaces and line ends of a token are part of it. */
export function shownToken(piece: string): string {
  const line = shownLine(piece.replaceAll('\n', '⏎').replaceAll(' ', '␣').replaceAll('\t', '⇥'));
  return line === '' ? '(empty)' : line;
}
