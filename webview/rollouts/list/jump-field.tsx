/** A small field that takes one to a step, or with # before it to a row by its number. */
import { useState } from 'preact/hooks';
import { grouped } from '../../ui/numbers.ts';
import { Popover } from '../../ui/popover.tsx';
import { TextField } from '../../ui/toolkit.tsx';
import { type Jump, jumpOf } from './list-moves.ts';

interface JumpFieldProps {
  readonly length: number;
  readonly onJump: (to: Jump) => void;
  readonly onClose: () => void;
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
