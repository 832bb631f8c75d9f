// The properties that our tools which connect to a server read, zkCli above all, as the documentation lists them: full names,
// given as -D in CLIENT_JVMFLAGS or JVMFLAGS, or in the file of -client-configuration. Constant data.
// What each does is server/client-properties.ts's business; a test holds the two together.

export interface ClientProperty {
  readonly name: string;
  readonly default: string;
  readonly sentence: string;
  /** Understood, without effect: why. */
  readonly accepted?: string;
}

const STORES: readonly ClientProperty[] = (['keyStore', 'trustStore'] as const).flatMap((store) => {
  const whose = store === 'keyStore' ? 'its own key and certificate' : 'the certificates that vouch for servers';
  return [
    { name: `zookeeper.ssl.${store}.location`, default: '', sentence: `A file with ${whose}: JKS, PKCS12 or PEM.` },
    { name: `zookeeper.ssl.${store}.password`, default: '', sentence: 'The password of that file.' },
    { name: `zookeeper.ssl.${store}.passwordPath`, default: '', sentence: 'A file with that password.' },
    {
      name: `zookeeper.ssl.${store}.type`,
      default: '',
      sentence: 'JKS, PKCS12 or PEM; by the file extension unless set.',
    },
  ];
});

const SCHEMES_ONE = 'SASL is DIGEST-MD5, which knows no host names.';

export const CLIENT_PROPERTIES: readonly ClientProperty[] = [
  { name: 'zookeeper.client.secure', default: 'false', sentence: 'Connects with TLS.' },
  ...STORES,
  { name: 'zookeeper.ssl.protocol', default: '', sentence: 'The TLS version spoken; what both sides can unless set.' },
  { name: 'zookeeper.ssl.enabledProtocols', default: '', sentence: 'The TLS versions spoken.' },
  { name: 'zookeeper.ssl.ciphersuites', default: '', sentence: 'Cipher suites by their Java names.' },
  {
    name: 'zookeeper.ssl.hostnameVerification',
    default: 'true',
    sentence: "The server's certificate must bear its name.",
  },
  { name: 'zookeeper.ssl.crl', default: 'false', sentence: 'Revocation lists; true is refused.' },
  { name: 'zookeeper.ssl.ocsp', default: 'false', sentence: 'Online revocation; true is refused.' },
  {
    name: 'java.security.auth.login.config',
    default: '',
    sentence: 'The JAAS login configuration with the SASL user.',
  },
  {
    name: 'zookeeper.sasl.client',
    default: 'true',
    sentence: 'false: no SASL, whatever the login configuration says.',
  },
  { name: 'zookeeper.sasl.clientconfig', default: 'Client', sentence: 'The section of the login configuration.' },
  {
    name: 'zookeeper.request.timeout',
    default: '0',
    sentence: 'How long a request may take, in ms; 0 means for ever.',
  },
  { name: 'jute.maxbuffer', default: '1048575', sentence: 'The longest reply that is taken, in bytes.' },
  {
    name: 'zookeeper.clientCnxnSocket',
    default: '',
    sentence: 'ClientCnxnSocketNIO or ClientCnxnSocketNetty.',
    accepted: 'There is one implementation, and it speaks TLS.',
  },
  {
    name: 'zookeeper.sasl.client.username',
    default: 'zookeeper',
    sentence: 'The user part of the server’s principal.',
    accepted: SCHEMES_ONE,
  },
  {
    name: 'zookeeper.sasl.client.canonicalize.hostname',
    default: 'true',
    sentence: 'Its host part is looked up.',
    accepted: SCHEMES_ONE,
  },
  { name: 'zookeeper.server.principal', default: '', sentence: 'The server’s principal.', accepted: SCHEMES_ONE },
  {
    name: 'zookeeper.server.realm',
    default: '',
    sentence: 'The realm of the server’s principal.',
    accepted: SCHEMES_ONE,
  },
  {
    name: 'zookeeper.disableAutoWatchReset',
    default: 'false',
    sentence: 'Watches are not set again after a reconnect.',
    accepted: 'Watches of zkCli are always set again.',
  },
];
