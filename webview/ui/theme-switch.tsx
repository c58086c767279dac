/** In a browser tab no editor gives the theme: this does. */
import { useState } from 'preact/hooks';
import { chooseTheme, chosenTheme, type ThemeChoice, themeChoices } from './theme.ts';
import { Dropdown } from './toolkit.tsx';

export function ThemeSwitch({ class: className }: { class?: string | undefined }) {
  const [choice, setChoice] = useState<ThemeChoice>(chosenTheme);
  return (
    <Dropdown
      class={className}
      label="Theme"
      title="Theme of this page"
      value={choice}
      choices={themeChoices.map((value) => ({ value, label: value === 'system' ? 'system theme' : value }))}
      onChoose={(value) => {
        const chosen = themeChoices.find((known) => known === value) ?? 'system';
        chooseTheme(chosen);
        setChoice(chosen);
      }}
    />
  );
}
