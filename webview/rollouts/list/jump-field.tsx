/** A small field that takes one to a step, or with # before it to a row by its number. */
import { useState } from 'preact/hooks';
import { grouped } from '../../ui/numbers.ts';
import { Popover } from '../../ui/popover.tsx';
import { TextField } from '../../ui/toolkit.tsx';

export type Jump = { readonly step: number } | { readonly index: number };

interface JumpFieldProps {
  readonly length: number;
  readonly onJump: (to: Jump) => void;
  readonly onClose: () => void;
}

/** What is typed: `120` is a step, `#5000` or `row 5000` a row, from 1. Null where it is neither. */
export function jumpOf(typed: string): Jump | null {
  const found = /^\s*(#|row\s|step\s)?\s*([\d,]+)\s*$/i.exec(typed);
  const number = Number(found?.[2]?.replaceAll(',', ''));
  if (!found || !Number.isSafeInteger(number)) return null;
  const isRow = found[1] !== undefined && !/^step/i.test(found[1]);
  if (!isRow) return { step: number };
  return number > 0 ? { index: number - 1 } : null;
}

export function JumpField({ length, onJump, onClose }: JumpFieldProps) {
  const [typed, setTyped] = useState('');
  const jump = jumpOf(typed);
  const invalid = typed.trim() !== '' && jump === null;
  return (
    <Popover label="Go to" onClose={onClose}>
      <TextField
        label="Step, or # and the number of a row"
        placeholder="step, or #row"
        value={typed}
        invalid={invalid}
        onInput={setTyped}
        onKey={(event) => {
          if (event.key !== 'Enter' || jump === null) return;
          event.preventDefault();
          onClose();
          onJump(jump);
        }}
      />
      <p class="dim" role="status">
        {invalid ? 'That is no step and no row.' : `A step, or a row from #1 to #${grouped(length)}.`}
      </p>
    </Popover>
  );
}
