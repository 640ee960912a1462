/**
 * The leanest MQTT 3.1.1 client that can be written, for the same reason as the hub's: the broker shall be the
 * limit, and the same hand must have made both loads. QoS 1 in both directions and a session that outlives
 * the connection; one write for all that is said in a turn of the event loop.
 * Source: MQTT 3.1.1, sections 2.2, 3.1 to 3.4 and 3.8.
 */
import { connect } from "node:net";

export interface MqttClient {
  /** @param acknowledged called when the broker has taken the message */
  publish(topic: string, payload: Buffer, acknowledged: () => void): void;
  subscribe(topic: string): Promise<void>;
  flush(): void;
  close(): void;
}

export interface MqttOptions {
  readonly port: number;
  readonly clientId: string;
  /** One message received; the acknowledgement goes out with the next flush. */
  readonly received: (payload: Buffer) => void;
}

const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 4;
const SUBACK = 9;
const QOS_1 = 1;

export function openMqtt({ port, clientId, received }: MqttOptions): Promise<MqttClient> {
  return new Promise((settle, fail) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const queue: Buffer[] = [];
    const waiting = new Map<number, () => void>();
    let lastId = 0;
    const nextId = (): number => {
      do lastId = (lastId % 0xffff) + 1;
      while (waiting.has(lastId));
      return lastId;
    };
    const flush = (): void => {
      if (queue.length === 0) return;
      socket.write(Buffer.concat(queue));
      queue.length = 0;
    };
    const client: MqttClient = {
      publish(topic, payload, acknowledged) {
        const id = nextId();
        waiting.set(id, acknowledged);
        queue.push(publishPacket(topic, id, payload));
      },
      subscribe(topic) {
        return new Promise((subscribed) => {
          const id = nextId();
          waiting.set(id, subscribed);
          queue.push(packet(8, 2, Buffer.concat([word(id), text(topic), Buffer.from([QOS_1])])));
          flush();
        });
      },
      flush,
      close: () => socket.destroy(),
    };
    const settleId = (body: Buffer): void => {
      const id = body.readUInt16BE(0);
      const done = waiting.get(id);
      waiting.delete(id);
      done?.();
    };
    const read = packetReader((kind, body) => {
      if (kind === CONNACK) {
        if (body[1] === 0) settle(client);
        else fail(new Error(`the broker refused the connection with code ${body[1]}`));
      } else if (kind === PUBACK || kind === SUBACK) settleId(body);
      else if (kind === PUBLISH) {
        const topicEnd = 2 + body.readUInt16BE(0);
        queue.push(Buffer.from([PUBACK << 4, 2, body[topicEnd] as number, body[topicEnd + 1] as number]));
        received(body.subarray(topicEnd + 2));
      }
    });
    socket.on("error", fail);
    socket.on("data", (chunk: Buffer) => {
      read(chunk);
      flush();
    });
    socket.on("connect", () => {
      // Flags 0: a session that stays. Keep alive 0: no pings.
      const head = Buffer.concat([text("MQTT"), Buffer.from([4, 0]), word(0), text(clientId)]);
      socket.write(packet(1, 0, head));
    });
  });
}

function word(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** The one packet made in numbers: written into one buffer. */
function publishPacket(topic: string, id: number, payload: Buffer): Buffer {
  const length = 2 + topic.length + 2 + payload.length;
  const bytes = Buffer.allocUnsafe(3 + length);
  bytes[0] = (PUBLISH << 4) | (QOS_1 << 1);
  bytes[1] = (length & 0x7f) | 0x80;
  bytes[2] = length >> 7;
  bytes.writeUInt16BE(topic.length, 3);
  bytes.write(topic, 5, "latin1");
  bytes.writeUInt16BE(id, 5 + topic.length);
  payload.copy(bytes, 7 + topic.length);
  return bytes;
}

function packet(kind: number, flags: number, body: Buffer): Buffer {
  const head = [(kind << 4) | flags];
  let left = body.length;
  do {
    const digit = left & 0x7f;
    left >>= 7;
    head.push(left > 0 ? digit | 0x80 : digit);
  } while (left > 0);
  return Buffer.concat([Buffer.from(head), body]);
}

function packetReader(packetRead: (kind: number, body: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      let length = 0;
      let shift = 0;
      let body = at + 1;
      while (body < bytes.length) {
        const digit = bytes[body++] as number;
        length |= (digit & 0x7f) << shift;
        shift += 7;
        if (digit < 0x80) break;
        if (body === bytes.length) length = Number.POSITIVE_INFINITY;
      }
      if (body === at + 1 || body > bytes.length || bytes.length < body + length) break;
      packetRead((bytes[at] as number) >> 4, bytes.subarray(body, body + length));
      at = body + length;
    }
    rest = bytes.subarray(at);
  };
}
