/** Each way in which no connection comes about has its sentence, and is tried again only where that can help. */
import { describe, expect, it } from 'vitest';
import { faultOfConnection } from '../../trainer/cot/endpoint-faults.ts';

describe('a connection that does not come about', () => {
  it.each([
    ['ECONNREFUSED', '', 'again', /connection refused: nothing listens at h:1/],
    ['ENOTFOUND', '', 'all', /no host of the name in h:1 \(check --endpoint/],
    ['EAI_AGAIN', '', 'again', /can't be looked up now/],
    ['ECONNRESET', '', 'again', /cut it off/],
    ['UND_ERR_CONNECT_TIMEOUT', '', 'again', /can't be reached/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', '', 'all', /speaks no TLS \(give --endpoint with http:/],
    ['HPE_INVALID_CONSTANT', '', 'all', /speaks no HTTP/],
    [
      'CERT_HAS_EXPIRED',
      'certificate has expired',
      'all',
      /not trusted: certificate has expired \(.*NODE_EXTRA_CA_CERTS/,
    ],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'all', /not trusted: self-signed/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'not for h', 'all', /not trusted: not for h/],
    ['', 'bad port', 'all', /no program may ask the port/],
    ['EWHATEVER', 'odd', 'again', /no connection to h:1: odd/],
  ])('is told: %s', (code, message, scope, why) => {
    expect(faultOfConnection('h:1', code, message)).toEqual({ scope, why: expect.stringMatching(why) });
  });
});
