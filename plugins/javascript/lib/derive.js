// SPDX-License-Identifier: Apache-2.0
'use strict';
/**
 * Inputs beyond the recorded ones, cf-plugin(7): made from those by changes that keep what every value is.
 * A spec is a list of steps, see changes.js. With the recorded call that it starts from it says everything.
 */

const crypto = require('node:crypto');
const util = require('node:util');
const {Inputs, distinct, isScalar, kindOf, literal, names, places} = require('./changes');
const {Hints, less, movesOf} = require('./moves');
const {Encoder} = require('./outcome');

const NODES = 20000, BYTES = 1 << 20;
const BASES = 8, DONORS = 40; // recorded calls that are changed, and that are looked at for what may stand in their places
const SHORT = 100;

/** Numbers that look like chance, from a seed. */
class Chance {
	constructor(seed) {
		this.state = seed >>> 0 || 1;
	}

	below(n) {
		this.state = Math.imul(this.state, 1664525) + 1013904223 >>> 0;
		return Math.floor(this.state / 2 ** 32 * n);
	}
}

const spread = (list, n) => (list.length > n ? Array.from({length: n}, (_, i) => list[Math.floor(i * list.length / n)]) : list.slice());

/** @returns {string} what two values that are the same have in common; '' of what is too large or cannot be read */
function digestOf(value, project) {
	try {
		const e = new Encoder(project.names, new Map(), NODES);
		e.graph([['value', value]]);
		return e.out.at > BYTES ? '' : crypto.createHash('md5').update(e.out.data.subarray(0, e.out.at)).digest('base64');
	} catch {
		return '';
	}
}

class Stock {
	/**
	 * @param {import('./call').Project} project
	 * @param {Map<number, {data: Buffer, codec: string}>} recorded
	 */
	constructor(project, recorded) {
		this.project = project;
		this.recorded = recorded;
	}

	async inputs(call) {
		const {data, codec} = this.recorded.get(call);
		return new Inputs(await this.project.restore(data, codec));
	}

	/** Fresh inputs, changed so. */
	async made(call, steps) {
		const inputs = await this.inputs(call), others = new Map();
		for (const [, operation, other, path] of steps)
			if ((operation === 'from' || operation === 'join') && path !== undefined) others.set(other, await this.inputs(other));
		for (const step of steps) inputs.step(step, (other) => others.get(other));
		return inputs.call;
	}

	bySize(usable) {
		const size = (c) => this.recorded.get(c).data.length, order = usable.slice().sort((a, b) => size(a) - size(b) || a - b);
		const small = order.filter((c) => size(c) <= 1 << 16);
		return small.length ? small : order.slice(0, 1);
	}

	/** Up to so many derivations that come to different inputs: [call, steps]. */
	async plan(usable, f, {seed, most}, over) {
		const order = this.bySize(usable), rest = order.slice(3);
		const donors = distinct([...order.slice(0, 3), ...spread(rest, BASES - 3), ...spread(rest, DONORS)]);
		const looked = [];
		for (const call of donors) {
			try {
				looked.push([call, places(await this.inputs(call))]);
			} catch { /* the run has told why */ }
		}
		const seen = new Set(), planned = [];
		for (const call of donors) seen.add(await this.digest(call, []));
		let tries = 0;
		for (const [call, steps] of derivations(looked, new Hints(f), seed, this.project)) {
			if (planned.length >= most || tries++ > 10 * most || over()) break;
			const digest = await this.digest(call, steps);
			if (!digest || seen.has(digest)) continue;
			seen.add(digest);
			planned.push([call, steps]);
		}
		return planned;
	}

	async digest(call, steps) {
		try {
			const [args, self] = await this.made(call, steps);
			return digestOf([args, self], this.project);
		} catch {
			return '';
		}
	}

	async size(call, steps) {
		try {
			const [args, self] = await this.made(call, steps), e = new Encoder(this.project.names, new Map(), NODES);
			e.graph([['args', args], ['self', self]]);
			return e.out.at + util.inspect(args, {depth: 8, customInspect: false, maxStringLength: 4000}).length;
		} catch {
			return Infinity;
		}
	}

	/** Derivations of less than this one comes to, the least first. */
	async smaller(usable, {id, spec}, most, over) {
		const steps = JSON.parse(spec), now = new Inputs(await this.made(id, steps)), size = await this.size(id, steps);
		const tries = steps.length > 1 ? steps.map((_, i) => [id, steps.filter((__, k) => k !== i)]) : [];
		for (const other of this.bySize(usable).slice(0, 4)) if (other !== id) tries.push([other, steps]);
		for (const place of places(now, 200, 12)) {
			for (const move of less(place.value)) {
				const last = steps[steps.length - 1];
				const replaces = move[0] === '=' && last && last[1] === '=' && JSON.stringify(last[0]) === JSON.stringify(place.path);
				tries.push([id, [...replaces ? steps.slice(0, -1) : steps, [place.path, ...move]]]);
			}
		}
		const found = [], seen = new Set();
		for (const [number, [call, changed]] of tries.entries()) {
			if (over()) break;
			const got = await this.size(call, changed);
			if (!(got < size)) continue;
			const digest = await this.digest(call, changed);
			if (!digest || seen.has(digest)) continue;
			seen.add(digest);
			found.push([got, number, call, changed]);
		}
		found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
		const half = most >> 1;
		return [...found.slice(0, half), ...spread(found.slice(half), most - half)].map(([, , call, changed]) => [call, changed]);
	}
}

/** What the recorded calls have had in places that are alike. */
class Pool {
	constructor(looked, project) {
		this.project = project;
		this.places = new Map();
		for (const [call, found] of looked) {
			for (const {key, value, path} of found) {
				let at = this.places.get(key);
				if (!at) this.places.set(key, at = {fractions: false, holes: false, keys: new Map(), records: 0, moves: new Map()});
				if (typeof value === 'number' && !Number.isInteger(value)) at.fractions = true;
				if (Array.isArray(value) && Object.keys(value).length < value.length) at.holes = true;
				if (kindOf(value) === 'record') {
					at.records++;
					for (const k of names(value)) at.keys.set(k, (at.keys.get(k) ?? 0) + 1);
				}
				if (at.moves.size >= 12) continue;
				const digest = digestOf(value, project);
				const isShort = isScalar(value) && !(typeof value === 'string' && value.length > SHORT);
				if (digest && !at.moves.has(digest)) at.moves.set(digest, [kindOf(value), isShort ? ['=', literal(value)] : ['from', call, path]]);
			}
		}
	}

	known(key) {
		const {fractions, holes, keys, records} = this.places.get(key);
		return {fractions, holes, absent: [...keys].filter(([, n]) => n < records).map(([k]) => k)};
	}

	/** Moves that put into a place what another call had there: of another kind first. */
	moves({key, value}) {
		const own = digestOf(value, this.project), kind = kindOf(value);
		const found = [...this.places.get(key).moves].filter(([digest]) => digest !== own).map(([, m]) => m);
		const others = found.filter(([k]) => k !== kind).map(([, move]) => move), alike = found.filter(([k]) => k === kind).map(([, move]) => move);
		const joined = ['array', 'record', 'map', 'set'].includes(kind) ? alike.filter((m) => m[0] === 'from').slice(0, 1).map((m) => ['join', m[1], m[2]]) : [];
		return [...others.slice(0, 2), ...alike.slice(0, 1), ...joined, ...alike.slice(1, 5)];
	}
}

/** Arguments, and what is next to each other, that could be one object, or equal in part. */
function aliases(found) {
	const moves = new Map(), add = (place, move) => moves.set(place, [...moves.get(place) ?? [], move]);
	const near = new Map(); // holder → places
	for (const p of found) near.set(p.holder, [...near.get(p.holder) ?? [], p]);
	for (const group of near.values()) {
		for (const [i, p] of group.entries()) {
			for (const q of group.slice(0, i)) {
				if (kindOf(p.value) !== kindOf(q.value) || p.value === q.value || p.value === null || p.value === undefined || p.path[0] === 't') continue;
				if (p.holder && !p.key.endsWith('[]')) continue; // properties of a record seldom are the same thing
				add(p, ['same', q.path]);
				if (['array', 'set', 'record'].includes(kindOf(p.value))) add(p, ['join', q.path]);
				break;
			}
		}
	}
	return moves;
}

/** One of each in turn. */
function woven(...lists) {
	const result = [];
	for (let i = 0; lists.some((l) => i < l.length); i++) for (const l of lists) if (i < l.length) result.push(l[i]);
	return result;
}

/** [call, steps] without end in sight, so ordered that the first ones differ the most. */
function* derivations(looked, hints, seed, project) {
	const pool = new Pool(looked, project), byPlace = new Map(), chance = new Chance(seed);
	for (const [call, found] of looked.slice(0, BASES)) {
		const alike = aliases(found);
		for (const place of found) {
			const own = movesOf(place.value, hints, pool.known(place.key));
			const given = place.path[0] === 't' && place.path.length === 2 ? [] : woven(alike.get(place) ?? [], pool.moves(place));
			const moves = [...own.slice(0, 1), ...woven(own.slice(1), given)];
			if (moves.length) byPlace.set(place.key, [...byPlace.get(place.key) ?? [], {call, path: place.path, moves}]);
		}
	}
	// fewer arguments, where there have been fewer
	const counts = distinct(looked.map(([, found]) => found.filter((p) => p.path.length === 2 && p.path[0] === 'a').length));
	if (counts.length > 1) byPlace.set('arguments', looked.slice(0, BASES).map(([call]) => ({call, path: [], moves: counts.map((n) => ['args', n])})));
	let queues = [...byPlace].map(([key, where]) => {
		const turn = chance.below(where.length);
		return {share: Math.max(1, 3 - (key.match(/[.[]/g)?.length ?? 0)), queue: queue([...where.slice(turn), ...where.slice(0, turn)])};
	});
	const done = new Map();
	for (let count = 1; queues.length; ) {
		const left = [];
		for (const one of queues) {
			let isOver = false;
			for (let i = 0; i < one.share && !isOver; i++) {
				const {value, done: end} = one.queue.next();
				if ((isOver = end)) break;
				const [call, step] = value;
				yield [call, [step]];
				const before = done.get(call) ?? [];
				const others = before.filter((s) => JSON.stringify(s[0]) !== JSON.stringify(step[0]) && s[1] !== 'cut');
				if (count++ % 4 === 0 && others.length) yield [call, [others[chance.below(others.length)], step]];
				done.set(call, [...before, step]);
			}
			if (!isOver) left.push(one);
		}
		queues = left;
	}
}

/** The moves for one place, in turn with each call that has it. */
function* queue(where) {
	const longest = Math.max(...where.map((w) => w.moves.length));
	for (let lap = 0; lap < where.length; lap++) {
		for (let j = 0; j < longest; j++) {
			const {call, path, moves} = where[(j + lap) % where.length];
			if (j < moves.length) yield [call, [path, ...moves[j]]];
		}
	}
}

module.exports = {Stock};
