// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * The spool of this thread, cf-spool(5). Node maps no files: records are written with pwrite, and then
 * the tail that publishes them, so that what was written is safe from any signal.
 */

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const {openSync, writeSync, closeSync, ftruncateSync} = fs; // as they are now: a program may replace them
const nanoseconds = process.hrtime.bigint.bind(process.hrtime);
const HEADER = 4096;
const CHUNK = 1 << 20;
const NONE = 0xffffffffffffffffn;
const TYPE = {PAD: 0, PROCESS: 1, FUNCTION: 2, VALUE: 3, CALL: 4, COUNTS: 5, PROFILE: 6, EDGE: 7, LINE: 8, LOSS: 9};

class Spool {
	/** @param {string} folder */
	constructor(folder) {
		this.start = nanoseconds();
		this.fd = openSync(path.join(folder, `${process.pid}-${crypto.randomBytes(6).toString('hex')}.spool`), 'wx', 0o600);
		this.tail = 0;
		this.lost = 0;
		const header = Buffer.alloc(HEADER);
		header.write('cfspool\0', 0, 'latin1');
		header.writeUInt32LE(2, 8);
		header.writeBigInt64LE(BigInt(process.pid), 32);
		header.writeBigInt64LE(BigInt(process.ppid), 40);
		header.writeBigUInt64LE(this.start, 48);
		writeSync(this.fd, header, 0, HEADER, 0);
		this.mark = Buffer.alloc(16);
	}

	#publish() {
		this.mark.writeBigUInt64LE(BigInt(this.tail), 0);
		this.mark.writeBigUInt64LE(BigInt(this.lost), 8);
		writeSync(this.fd, this.mark, 0, 16, 16);
	}

	#put(data, at) {
		for (let done = 0; done < data.length;) done += writeSync(this.fd, data, done, data.length - done, HEADER + at + done);
	}

	#pad() {
		const left = CHUNK - this.tail % CHUNK;
		const head = Buffer.alloc(8);
		head.writeUInt32LE(left, 0);
		this.#put(head, this.tail);
		this.tail += left;
	}

	/**
	 * Appends one record.
	 * @param {number} type
	 * @param {Buffer[]} parts
	 * @returns {number} where its content begins in the file; -1 when there was no room
	 */
	write(type, ...parts) {
		const record = this.record(type, parts), at = this.append(record);
		return at < 0 ? -1 : at + 8;
	}

	record(type, parts) {
		const n = parts.reduce((sum, p) => sum + p.length, 8), pad = -n & 7;
		const record = Buffer.allocUnsafe(n + pad);
		record.writeUInt32LE(n + pad, 0);
		record.writeUInt16LE(type, 4);
		record.writeUInt16LE(pad, 6);
		let at = 8;
		for (const p of parts) at += p.copy(record, at);
		record.fill(0, at);
		return record;
	}

	/** Appends whole records that lie back to back; they must fit into one chunk, or be one. */
	append(records) {
		const before = this.tail, size = records.length;
		try {
			if (this.tail % CHUNK && this.tail % CHUNK + size > CHUNK) this.#pad();
			const start = this.tail;
			this.#put(records, start);
			this.tail += size;
			if (size > CHUNK && this.tail % CHUNK) this.#pad();
			this.#publish();
			return HEADER + start;
		} catch {
			this.tail = before;
			this.lost++;
			return -1;
		}
	}

	json(type, value) {
		return this.write(type, Buffer.from(JSON.stringify(value)));
	}

	/** Room for n counters; where the first is. */
	counters(first, n) {
		const head = Buffer.alloc(8 + 8 * n);
		head.writeUInt32LE(first, 0);
		head.writeUInt32LE(n, 4);
		const at = this.write(TYPE.COUNTS, head);
		return at < 0 ? -1 : at + 8;
	}

	/** @param {number} at @param {number[]} counts */
	count(at, counts) {
		const data = Buffer.alloc(8 * counts.length);
		counts.forEach((c, i) => data.writeBigUInt64LE(BigInt(c), 8 * i));
		try {
			writeSync(this.fd, data, 0, data.length, at);
		} catch { /* the disk had room for them when they were made */ }
	}

	/**
	 * A call, and its inputs where they are new.
	 * @param {{function: number, why: number, thread: number, seq: number, hash: Buffer, codec: string}} call
	 * @param {Buffer} data
	 * @param {boolean} isNew
	 */
	call(call, data, isNew) {
		const body = Buffer.alloc(64);
		body.writeUInt32LE(call.function, 0);
		body.writeUInt32LE(call.why, 4);
		body.writeUInt32LE(call.thread, 8);
		body.writeUInt32LE(call.seq >>> 0, 16);
		body.writeUInt32LE(Math.floor(call.seq / 2 ** 32), 20);
		body.writeBigUInt64LE(nanoseconds() - this.start, 24);
		body.writeBigUInt64LE(NONE, 32);
		call.hash.copy(body, 40, 0, 16);
		body.writeUInt32LE(data.length, 56);
		const first = this.record(TYPE.CALL, [body]);
		if (!isNew) return this.append(first) >= 0;
		const head = Buffer.alloc(32);
		call.hash.copy(head, 0, 0, 16);
		head.write(call.codec, 16, 15, 'latin1');
		const second = this.record(TYPE.VALUE, [head, data]);
		if (first.length + second.length <= CHUNK) return this.append(Buffer.concat([first, second])) >= 0;
		return this.append(first) >= 0 && this.append(second) >= 0;
	}

	close() {
		try {
			const state = Buffer.alloc(4);
			state.writeUInt32LE(1, 0);
			ftruncateSync(this.fd, HEADER + this.tail);
			writeSync(this.fd, state, 0, 4, 12);
			closeSync(this.fd);
		} catch { /* what is in it is good */ }
	}
}

module.exports = {Spool, TYPE};
