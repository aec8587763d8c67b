/** Fields of a protobuf message by number: numbers and 64-bit values as bigint, everything else as bytes. */
export type Message = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** Reads the wire format of protobuf, without a schema. */
export function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(offset++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => bytes.subarray(offset, (offset += length));
  while (offset < bytes.length) {
    const tag = Number(varint());
    const values = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, values);
    const type = tag & 7;
    if (type === 0) values.push(varint());
    else if (type === 1) values.push(take(8).readBigUInt64LE());
    else if (type === 2) values.push(take(Number(varint())));
    else throw new Error(`wire type ${type} is not expected`);
  }
  return fields;
}

export function bytesAt(message: Message, field: number): Buffer {
  const value = message.get(field)?.[0];
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

export function textAt(message: Message, field: number): string {
  return bytesAt(message, field).toString('utf8');
}

export function numberAt(message: Message, field: number): bigint {
  const value = message.get(field)?.[0];
  return typeof value === 'bigint' ? value : 0n;
}

export function messagesAt(message: Message, field: number): readonly Message[] {
  return (message.get(field) ?? []).filter((value) => Buffer.isBuffer(value)).map(readMessage);
}
