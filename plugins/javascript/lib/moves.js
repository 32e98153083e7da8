// SPDX-License-Identifier: Apache-2.0
'use strict';
/** What can be done to a value so that it stays of its kind: the most telling first. */

const {WIDE, distinct, kindOf, literal, names} = require('./changes');

const LONG = 2000;
const WORDS = ['e\u0301', '\u{1f600}x', '\u0130I\u0131', 'Stra\u00dfe', '\ufb01', 'a\u{1d4d0}\ufe0fb', '10', '9', ' a\tb ', 'b\na', '.*', '$&', '0', 'A'], KEYS = ['constructor', '__proto__'];

/** What the code of a function speaks of: constants that it may compare with. */
class Hints {
	/** @param {Function} f */
	constructor(f) {
		let text = '';
		try {
			text = Function.prototype.toString.call(f).slice(0, 20000);
		} catch { /* none then */ }
		const code = text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, ' ');
		this.texts = distinct([...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"/g)].map((m) => unescaped(m[1] ?? m[2])).filter((t) => t.length < 40 && !t.startsWith('use '))).slice(0, 8);
		this.numbers = distinct([...code.matchAll(/(?<![\w$.])(\d+(?:\.\d+)?(?:e\d+)?)(?![\w$])/g)].map((m) => Number(m[1])).filter(Number.isFinite)).slice(0, 8);
		// what keeps things by any key does so on purpose; of others nobody would ask for keys that every object has
		this.anyKey = /\bnew (Map|Set)\b|Object\.create\(null\)|\bhasOwn|\.(includes|indexOf)\(/.test(code);
	}
}

function unescaped(text) {
	try {
		return JSON.parse(`"${text.replace(/\\'/g, "'").replace(/(^|[^\\])"/g, '$1\\"')}"`);
	} catch {
		return text;
	}
}

/** A Set takes -0 for 0. */
const set = (values, but) => values.filter((v, i) => !Object.is(v, but) && values.findIndex((w) => Object.is(v, w)) === i).map((v) => ['=', literal(v)]);

const MOVES = {
	number(v, hints, {fractions}) {
		const near = hints.numbers.flatMap((n) => [n, n - 1, n + 1]);
		if (fractions) return set([-v, 0, NaN, ...near.slice(0, 3), 0.1 + 0.2, -0, 1e300, v + 0.5, 1, 5e-324, -1.5, Infinity, ...near, 2 ** 53, -Infinity], v);
		return set([0, -v, ...near.slice(0, 3), 2 ** 31 + 5, v + 1, 1, -1, v - 1, ...near, v * 2, 7, 2 ** 32, -(2 ** 31) - 1, 2 ** 53 - 1].filter((n) => Number.isInteger(n) && !Object.is(n, -0)), v);
	},
	bigint: (v) => set([0n, -v, v + 1n, 2n ** 64n, 1n, v - 1n, -1n], v),
	boolean: (v) => set([!v]),
	string(v, hints) {
		if (v.length > LONG) return [['cut', 0, 0], ['cut', 0, v.length >> 1], ['cut', 1], ['cut', 0, 1]];
		const reversed = [...v].reverse().join(''), half = v.length >> 1, words = WORDS, lines = v.includes('\n') || hints.texts.includes('\n') ? [`${v}\n \n${v}`] : [];
		return set(['', reversed, ...lines, ...hints.anyKey ? KEYS : [], v + v, v.toUpperCase(), v.slice(0, 1), ` ${v} `, ...hints.texts, v + words[0], `${v.slice(0, half)}${words[1]}${v.slice(half)}`, v.toLowerCase(), v.slice(1), ...hints.texts.map((t) => v + t),
			...words, v.slice(0, half), `${v.slice(0, half)}${v}`, `${v}\n \n${v}`], v);
	},
	array(v, hints, {holes}) {
		const n = v.length;
		if (!n) return [];
		const moves = [['cut', 0, 0], ['reverse'], ['again', 0, n], ['cut', 0, 1], ['twice'], ['cut', 1], ['again', n - 1, 0], ['cut', 0, n - 1]];
		if (n > 2) moves.push(['swap', 0, n - 1], ['swap', 0, 1], ['without', n >> 1], ['again', 0, 1], ['cut', 0, n >> 1]);
		if (n <= 64) moves.push(['times', 12]);
		if (holes) moves.push(['hole', 0], ['hole', n - 1], ['hole', n >> 1]);
		return moves;
	},
	record(v, hints, {absent}) {
		const keys = names(v);
		const moves = absent.filter((k) => keys.includes(k)).map((k) => ['delete', k]);
		if (keys.length > 1) moves.push(['reverse']);
		if (absent.length || keys.length > WIDE) {
			moves.push(['cut', 0, 0], ['cut', 0, 1], ['cut', 1]);
			if (keys.length) moves.push(['rename', 0, '10'], ['add', '2', 0]);
			if (keys.length && hints.anyKey) moves.push(['rename', 0, 'constructor'], ['add', '__proto__', 0]);
		}
		return moves;
	},
	map: (v) => (v.size ? [['cut', 0, 0], ['reverse'], ['cut', 0, 1], ['cut', 1], ['without', v.size >> 1]] : []),
	set: (v) => (v.size ? [['cut', 0, 0], ['reverse'], ['cut', 0, 1], ['cut', 1], ['without', v.size >> 1]] : []),
	date(v) {
		const time = Date.prototype.getTime.call(v), day = 86400000;
		return [0, time + day, time - day, Date.UTC(2024, 1, 29, 23, 30), Date.UTC(2024, 11, 31, 23, 59, 59, 999), -1, time + 31 * day, Date.UTC(2021, 2, 28, 1, 30)]
			.filter((t) => t !== time && Number.isFinite(t)).map((t) => ['of', literal(t)]);
	},
	regexp: (v) => (v.global || v.sticky ? [['last', v.lastIndex ? 0 : 1], ['last', 100]] : []),
	bytes(v) {
		const n = v.length;
		return n ? [['fill', 0], ['reverse'], ['cut', 0, 0], ['put', 0, 255], ['cut', 1], ['fill', -1], ['put', n - 1, 128], ['cut', 0, n >> 1]] : [];
	},
};

/** @param {{fractions: boolean, holes: boolean, absent: string[]}} known what the recorded calls have had in such a place */
function movesOf(v, hints, known) {
	return MOVES[kindOf(v)]?.(v, hints, known) ?? [];
}

/** Moves that leave less of a value. */
function less(v) {
	switch (kindOf(v)) {
	case 'array': case 'map': case 'set': case 'record': case 'string': {
		const n = kindOf(v) === 'record' ? names(v).length : v.length ?? v.size;
		const moves = [[0, 0], [0, 1], [0, 2], [0, 3], [0, n >> 1], [n - 1], [n - 2], [n >> 1], [n >> 2]].filter(([from, to]) => (to === undefined ? from > 0 : to < n)).map((c) => ['cut', ...c]);
		if (n <= WIDE && kindOf(v) !== 'string') for (let i = 0; i < n; i++) moves.push(['without', i]);
		else if (n <= WIDE) for (let i = 0; i < n; i++) moves.push(['=', v.slice(0, i) + v.slice(i + 1)]);
		return moves;
	}
	case 'number':
		return Number.isFinite(v) ? set([0, 1, -1, Math.trunc(v), Math.trunc(v / 2), v - Math.sign(v)].filter((x) => Math.abs(x) <= Math.abs(v)), v) : [];
	case 'bigint': return set([0n, 1n, v / 2n], v);
	case 'date': return [['of', 0]];
	case 'bytes': return [['cut', 0, 1], ['cut', 0, v.length >> 1], ['fill', 0]];
	default: return [];
	}
}

module.exports = {Hints, less, movesOf};
