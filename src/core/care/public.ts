/** Networks that no mail comes from in the world (RFC 6890): loopback, private, link-local, shared, and others like them. */
const NOT_V4 =
  /^(?:0|10|127|22[4-9]|2[3-5]\d)\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^192\.168\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;
const NOT_V6 = /^(?:::|f[cd]|fe[89ab]|ff)/i;

/** Whether an address can be that of a server of the world; an IPv4 address in IPv6 clothes is none. */
export const isPublic = (ip: string): boolean => !(ip.includes(':') ? NOT_V6 : NOT_V4).test(ip);
