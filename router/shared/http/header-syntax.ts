/** Regular expression, as a text, for a token (RFC 9110 section 5.6.2). Header names must be tokens. */
export const TOKEN = "[\\w!#$%&'*+.^`|~-]+";

export const HEADER_NAME = new RegExp(`^${TOKEN}$`);

/** Matches a value that HTTP/1.1 can carry (RFC 9110 section 5.5): no control character but the tab. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
