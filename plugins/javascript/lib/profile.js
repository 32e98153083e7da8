// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Time, from V8's own sampling profiler, for the user's functions. There are two sessions that take turns:
 * the next one samples before the last one is asked, so that nothing is missed and what V8 has compiled
 * need not be gone through again.
 */

const path = require('node:path');
const {fileURLToPath} = require('node:url');
const {TYPE} = require('./spool');

const {performance} = globalThis; // a program may put a clock of its own there
const clock = performance.now.bind(performance);
const INTERVAL_US = 1000;
const OURS = path.join(__dirname, path.sep);
const FIRST_MS = 400, LAST_MS = 10000, OFTEN_MS = 25;

class Profile {
	constructor(recorder) {
		this.recorder = recorder;
		this.period = FIRST_MS;
		this.at = 0;
		this.soon = OFTEN_MS;
		this.places = new Map();
	}

	start() {
		try {
			const {Session} = require('node:inspector');
			this.sessions = [new Session(), new Session()];
			for (const s of this.sessions) {
				s.connect();
				s.post('Profiler.enable');
				s.post('Profiler.setSamplingInterval', {interval: INTERVAL_US});
			}
			this.sessions[0].post('Profiler.start');
			this.at = clock();
		} catch {
			this.sessions = null; // a Node without the inspector: no times
		}
	}

	/** Of a process that may be ended without warning: as often as it costs little. */
	often() {
		if (!this.sessions || clock() - this.at < this.soon) return;
		const before = clock();
		this.at = -Infinity;
		this.flush(false);
		this.soon = Math.max(OFTEN_MS, 20 * (clock() - before));
	}

	flush(last) {
		if (!this.sessions || !last && clock() - this.at < this.period) return;
		const [now, next] = this.sessions;
		this.sessions.reverse();
		if (!last) next.post('Profiler.start');
		now.post('Profiler.stop', (error, answer) => {
			if (!error) this.add(answer.profile);
		});
		this.at = clock();
		this.period = Math.min(LAST_MS, this.period * 2);
	}

	/** Its id; -1: nobody's, -2: ours. */
	known({url, lineNumber: line, columnNumber: column, functionName}) {
		const key = `${line}:${column}:${url}`;
		let id = this.places.get(key);
		if (id === undefined) {
			id = this.functionAt(url, line, column, functionName) ?? (url.includes(OURS) ? -2 : -1);
			this.places.set(key, id);
		}
		return id;
	}

	/** A line of the text, for one of what was compiled of it. */
	lineOf(url, line, id) {
		const entry = this.entryOf(url), lines = entry?.result.lines, f = lines && entry.result.functions[id - entry.first];
		if (!f) return line;
		for (let at = line - 1; at >= 0; at--) {
			if (typeof lines[at] !== 'number') continue;
			line = lines[at] + 1;
			break;
		}
		return Math.min(Math.max(line, f.line), f.end_line);
	}

	entryOf(url) {
		let file = url;
		if (url.startsWith('file:')) {
			try {
				file = fileURLToPath(url.split('?')[0]);
			} catch {
				return undefined;
			}
		}
		return this.recorder.paths.get(file);
	}

	/** The function of the user's that a place is in: the innermost one that has a name. */
	functionAt(url, line, column, name) {
		const entry = this.entryOf(url);
		if (!entry) return undefined;
		if (entry.scoped) return this.functionNamed(entry, line, name);
		if (entry.result.lines) {
			// a tool may have compiled it in another way than we know of: then a name that there is once says more than a place
			const same = entry.result.functions.flatMap((f, i) => ((f.kind === 'constructor' ? f.class : f.qualname)?.split('.').pop() === name ? [i] : []));
			if (same.length === 1) return entry.first + same[0];
		}
		let best = -1;
		entry.result.functions.forEach((f, i) => {
			const [l0, c0, l1, c1] = f.at;
			if ((line > l0 || line === l0 && column >= c0) && (line < l1 || line === l1 && column < c1)) best = i; // inner ones come later
		});
		return best < 0 ? undefined : entry.first + best;
	}

	/**
	 * A runner's transform has moved the functions to other places: they keep their names, and mostly their
	 * order. What has no name is its caller's, as a callback is.
	 */
	functionNamed(entry, line, name) {
		const last = name.slice(name.lastIndexOf('.') + 1).replace(/^(get|set|async) /, '');
		let best = -1, least = Infinity;
		if (last) entry.result.functions.forEach((f, i) => {
			const of = f.kind === 'constructor' ? f.class : f.qualname;
			const away = Math.abs(f.line - 1 - line);
			if (i && of && of.slice(of.lastIndexOf('.') + 1) === last && away < least) {
				best = i;
				least = away;
			}
		});
		return best < 0 ? undefined : entry.first + best;
	}

	add({nodes, samples = [], timeDeltas = [], startTime, endTime}) {
		const byId = new Map(nodes.map((n) => [n.id, n]));
		for (const n of nodes) {
			n.ns = 0;
			n.samples = 0;
			for (const c of n.children ?? []) byId.get(c).parent = n;
		}
		// a sample stands for the time until the next one
		let before = null, at = startTime;
		for (let i = 0; i < samples.length; i++) {
			at += timeDeltas[i];
			const until = i + 1 < samples.length ? timeDeltas[i + 1] : Math.max(0, Math.min(endTime - at, INTERVAL_US));
			let n = byId.get(samples[i]);
			// collecting garbage is the work of the one that was at it
			if (n.callFrame.functionName === '(garbage collector)' && before) n = before;
			else before = n;
			n.ns += Math.max(0, until) * 1000;
			n.samples++;
		}
		const functions = new Map(), edges = new Map(), lines = new Map();
		const of = (n) => {
			if (n.of === undefined) {
				n.of = n.callFrame.url ? this.known(n.callFrame) : -1;
				if (n.of === -2) {
					n.hidden = true;
					n.of = -1;
				}
			}
			return n.of;
		};
		for (const n of nodes) {
			if (!n.ns) continue;
			const stack = [];
			let hidden = false;
			for (let up = n; up; up = up.parent) {
				const f = of(up);
				hidden ||= up.hidden && !stack.length; // further up it is what loaded the file
				if (f >= 0) stack.push([f, up]);
			}
			if (hidden || !stack.length) continue; // our own copying is nobody's time
			const get = (f) => functions.get(f) ?? functions.set(f, {own: 0, total: 0, samples: 0}).get(f);
			const own = get(stack[0][0]);
			own.own += n.ns;
			own.samples += n.samples;
			for (const f of new Set(stack.map((s) => s[0]))) get(f).total += n.ns;
			const pairs = new Set();
			stack.forEach(([f], i) => {
				const caller = i + 1 < stack.length ? stack[i + 1][0] : 0xffffffff;
				if (caller !== f) pairs.add(`${caller} ${f}`);
			});
			for (const p of pairs) edges.set(p, (edges.get(p) ?? 0) + n.ns);
			if (this.recorder.moved.has(stack[0][0])) continue; // its lines are not the file's
			const ticks = n.positionTicks ?? [], all = ticks.reduce((sum, t) => sum + t.ticks, 0);
			if (stack[0][1] === n) for (const t of ticks) {
				const key = `${stack[0][0]} ${this.lineOf(n.callFrame.url, t.line, stack[0][0])}`;
				lines.set(key, (lines.get(key) ?? 0) + n.ns * t.ticks / all);
			}
		}
		this.write(functions, edges, lines);
	}

	write(functions, edges, lines) {
		const {spool} = this.recorder;
		const pack = (map, size, fill) => {
			const data = Buffer.alloc(size * map.size);
			let at = 0;
			for (const [key, value] of map) {
				fill(data, at, key, value);
				at += size;
			}
			return data;
		};
		const ns = (x) => BigInt(Math.round(x));
		if (functions.size) spool.write(TYPE.PROFILE, pack(functions, 24, (b, at, f, v) => {
			b.writeUInt32LE(f, at);
			b.writeUInt32LE(v.samples, at + 4);
			b.writeBigUInt64LE(ns(v.own), at + 8);
			b.writeBigUInt64LE(ns(v.total), at + 16);
		}));
		const two = (b, at, key, v) => {
			const [x, y] = key.split(' ').map(Number);
			b.writeUInt32LE(x, at);
			b.writeUInt32LE(y, at + 4);
			b.writeBigUInt64LE(ns(v), at + 8);
		};
		if (edges.size) spool.write(TYPE.EDGE, pack(edges, 16, two));
		if (lines.size) spool.write(TYPE.LINE, pack(lines, 16, two));
	}
}

module.exports = {Profile};
