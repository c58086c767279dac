/** A key acts once, for whom it was meant. */
import { describe, expect, it } from 'vitest';
import { keyName } from '../../../webview/ui/key-name.ts';

const press = (key: string, more: Partial<KeyboardEvent> = {}) => ({ key, ...more }) as KeyboardEvent;
const typing = () => true;
const notTyping = () => false;

describe('keyName', () => {
  it('takes a function key that VS Code keeps from the browser, which would reload on it', () => {
    expect(keyName(press('F5', { defaultPrevented: true }), notTyping)).toBe('F5');
    expect(keyName(press('F5', { defaultPrevented: true, shiftKey: true }), notTyping)).toBe('Shift+F5');
  });

  it('takes function keys from a text field too, and letters from elsewhere alone', () => {
    expect(keyName(press('F6'), typing)).toBe('F6');
    expect(keyName(press('j'), typing)).toBeNull();
    expect(keyName(press('j'), notTyping)).toBe('j');
    expect(keyName(press('J', { shiftKey: true }), notTyping)).toBe('J');
  });

  it('leaves a letter that was taken already, and whatever has a modifier', () => {
    expect(keyName(press('j', { defaultPrevented: true }), notTyping)).toBeNull();
    for (const held of ['ctrlKey', 'metaKey', 'altKey', 'isComposing'] as const) {
      expect(keyName(press('F5', { [held]: true }), notTyping)).toBeNull();
    }
  });
});
