/** The trainer's program, with the engines of `scripted-engines.ts` in place of its own. */
import { registerHooks } from 'node:module';

const own = new URL('../../trainer/engines/create.ts', import.meta.url).href;
const scripted = new URL('./scripted-engines.ts', import.meta.url).href;
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    return resolved.url === own ? { ...resolved, url: scripted } : resolved;
  },
});

await import('../../trainer/main.ts');
