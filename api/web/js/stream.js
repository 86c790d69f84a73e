// The stream of the API: opens again when it ends, and asks anew for what was wanted.

import { token } from "./rest.js";

const PAUSE_MS = [500, 1000, 2000, 5000];

export class Stream {
  // `heard(channel, key, data, snapshot)` is told of each message, `changed(open)` of the link.
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    this.wanted = new Map();
    this.tries = 0;
    this.messages = 0;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const protocols = ["crossquote.v1"];
    if (token()) protocols.push(`bearer.${token()}`);
    const socket = new WebSocket(`${scheme}://${location.host}/v1/stream`, protocols);
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.changed(true);
      for (const [name, question] of this.wanted) this.ask("subscribe", question, name);
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.changed(false);
      const pause = PAUSE_MS[Math.min(this.tries++, PAUSE_MS.length - 1)];
      setTimeout(() => this.open(), pause);
    };
  }

  // Subscribe under a name; what was wanted under it before is wanted no more.
  want(name, question) {
    const before = this.wanted.get(name);
    this.wanted.set(name, question);
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (before) this.ask("unsubscribe", before);
    this.ask("subscribe", question);
  }

  ask(op, question) {
    this.socket.send(JSON.stringify({ op, ...question }));
  }

  take(message) {
    this.messages += 1;
    if (message.type === "update" || message.type === "snapshot") {
      this.heard(message.channel, message.key, message.data, message.type === "snapshot");
    } else if (message.type === "error") {
      console.warn("stream:", message.error);
    }
  }
}
