// SPDX-License-Identifier: Apache-2.0
'use strict';
// Numbers, what comes later, and objects with methods.

function total(numbers) {
	let sum = 0;
	for (const n of numbers) sum += n;
	return sum;
}

function scaled(numbers, by) {
	return numbers.map((n) => n * by);
}

function highest(numbers) {
	if (numbers.length === 0) throw new Error('nothing to choose from');
	let best = numbers[0];
	for (const n of numbers) if (n > best) best = n;
	return best;
}

function factorial(n) {
	let product = 1n;
	for (let i = 2n; i <= n; i++) product *= i;
	return product;
}

async function doubled(numbers) {
	const out = [];
	for (const n of numbers) {
		if (n > 1000) throw new RangeError(`too large: ${n}`);
		out.push(await Promise.resolve(n * 2));
	}
	return out;
}

function* windows(list, size) {
	for (let i = 0; i + size <= list.length; i++) yield list.slice(i, i + size);
}

function monthEnd(date) {
	const end = new Date(date.getTime());
	end.setUTCMonth(end.getUTCMonth() + 1, 0);
	return end;
}

class Stack {
	constructor(items = []) {
		this.items = items;
	}

	push(item) {
		this.items.push(item);
		return this;
	}

	last() {
		return this.items[this.items.length - 1];
	}
}

async function main() {
	total([1, 2, 3]);
	total([0.1, 0.2, 0.3]);
	total([]);
	scaled([1, 2, 3], 2);
	scaled([0.5, -1.5], 1);
	highest([1, 3, 2]);
	highest([1.5, 0.5]);
	try {
		highest([]);
	} catch { /* on purpose */ }
	for (const n of [0n, 5n, 25n]) factorial(n);
	await doubled([1, 2, 3]);
	await doubled([2000]).catch(() => {});
	[...windows([1, 2, 3], 2)];
	[...windows([1], 3)];
	monthEnd(new Date(Date.UTC(2023, 0, 10)));
	monthEnd(new Date(Date.UTC(2023, 4, 31, 12)));
	const stack = new Stack();
	stack.push(1).push({a: 1});
	stack.last();
	new Stack([7]).last();
}

module.exports = {Stack, doubled, factorial, highest, main, monthEnd, scaled, total, windows};

//+ total | reduce
function total(numbers) {
	return numbers.reduce((a, b) => a + b, 0);
}

//- total | derived | overflow: of 32 bits when they are whole
function total(numbers) {
	let sum = 0;
	for (const n of numbers) sum = Number.isInteger(n) && Number.isInteger(sum) ? sum + n | 0 : sum + n;
	return sum;
}

//- total | kind | error: of nothing
function total(numbers) {
	return numbers.reduce((a, b) => a + b);
}

//- total | return | floating: rounded to cents
function total(numbers) {
	let sum = 0;
	for (const n of numbers) sum += n;
	return Math.round(sum * 10) / 100;
}

//+ scaled | filled in place
function scaled(numbers, by) {
	const out = new Array(numbers.length);
	for (let i = 0; i < out.length; i++) out[i] = numbers[i] * by;
	return out;
}

//- scaled | derived | minus zero: made a plain one
function scaled(numbers, by) {
	return numbers.map((n) => n * by + 0);
}

//- scaled | args | aliasing: in the list that was given
function scaled(numbers, by) {
	for (let i = 0; i < numbers.length; i++) numbers[i] *= by;
	return numbers;
}

//- scaled | return | floating: of single precision
function scaled(numbers, by) {
	return numbers.map((n) => Math.fround(n * by + 1e-3));
}

//+ highest | from the second on
function highest(numbers) {
	const n = numbers.length;
	if (n === 0) throw new Error('nothing to choose from');
	let best = numbers[0];
	for (let i = 1; i < n; i++) if (numbers[i] > best) best = numbers[i];
	return best;
}

//- highest | kind | error: the least there is
function highest(numbers) {
	return Math.max(...numbers);
}

//- highest | derived | negative: from nought on
function highest(numbers) {
	if (numbers.length === 0) throw new Error('nothing to choose from');
	let best = 0;
	for (const n of numbers) if (n > best) best = n;
	return best;
}

//- highest | derived | NaN: it is the highest
function highest(numbers) {
	if (numbers.length === 0) throw new Error('nothing to choose from');
	return Math.max(...numbers);
}

//- highest | raise | error type: another
function highest(numbers) {
	if (numbers.length === 0) throw new RangeError('nothing to choose from');
	return numbers.reduce((a, b) => (b > a ? b : a));
}

//+ factorial | downwards
function factorial(n) {
	let product = 1n;
	for (let i = n; i > 1n; i--) product *= i;
	return product;
}

//- factorial | return | BigInt: through numbers
function factorial(n) {
	let product = 1;
	for (let i = 2; i <= Number(n); i++) product *= i;
	return BigInt(product);
}

//- factorial | return | BigInt: a number
function factorial(n) {
	let product = 1;
	for (let i = 2; i <= Number(n); i++) product *= i;
	return product;
}

//- factorial | return | BigInt: of 64 bits
function factorial(n) {
	let product = 1n;
	for (let i = 2n; i <= n; i++) product = BigInt.asUintN(64, product * i);
	return product;
}

//- doubled | derived | order: the first that is too large is not the one that is told
async function doubled(numbers) {
	const bad = numbers.filter((n) => n > 1000);
	if (bad.length) throw new RangeError(`too large: ${bad[bad.length - 1]}`);
	return Promise.all(numbers.map((n) => Promise.resolve(n * 2)));
}

//- doubled | any | rejected: thrown at once
function doubled(numbers) {
	for (const n of numbers) if (n > 1000) throw new RangeError(`too large: ${n}`);
	return Promise.resolve(numbers.map((n) => n * 2));
}

//- doubled | any | async: not awaited
async function doubled(numbers) {
	const out = [];
	for (const n of numbers) {
		if (n > 1000) throw new RangeError(`too large: ${n}`);
		out.push(Promise.resolve(n * 2));
	}
	return out;
}

//+ doubled | all at once
async function doubled(numbers) {
	for (const n of numbers) if (n > 1000) throw new RangeError(`too large: ${n}`);
	return Promise.all(numbers.map((n) => Promise.resolve(n * 2)));
}

//+ windows | the last first known
function* windows(list, size) {
	const end = list.length - size;
	for (let i = 0; i <= end; i++) yield list.slice(i, i + size);
}

//- windows | scope | iterator: a list of them
function windows(list, size) {
	const found = [];
	for (let i = 0; i + size <= list.length; i++) found.push(list.slice(i, i + size));
	return found;
}

//- windows | return | aliasing: one that is moved on
function* windows(list, size) {
	const row = [];
	for (let i = 0; i + size <= list.length; i++) {
		row.length = 0;
		row.push(...list.slice(i, i + size));
		yield row;
	}
}

//- windows | return | iterator: what it ends with
function* windows(list, size) {
	let i = 0;
	for (; i + size <= list.length; i++) yield list.slice(i, i + size);
	return i;
}

//+ monthEnd | the day before the next month
function monthEnd(date) {
	const end = new Date(date.getTime());
	end.setUTCMonth(end.getUTCMonth() + 1, 1);
	end.setUTCDate(0);
	return end;
}

//- monthEnd | args | mutation: of the date that was given
function monthEnd(date) {
	date.setUTCMonth(date.getUTCMonth() + 1, 0);
	return date;
}

//- monthEnd | return | time: midnight
function monthEnd(date) {
	return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0));
}

//- monthEnd | derived | leap years: there are none
function monthEnd(date) {
	const end = new Date(date.getTime());
	end.setUTCDate(Math.min([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][date.getUTCMonth()], 31));
	return end;
}

//+ Stack.push | by its length
	push(item) {
		this.items[this.items.length] = item;
		return this;
	}

//- Stack.push | any | mutation: another list
	push(item) {
		this.items = [...this.items, item];
		return this.items;
	}

//- Stack.push | any | this: another one
	push(item) {
		return new Stack([...this.items, item]);
	}

//+ Stack.last | at
	last() {
		return this.items.at(-1);
	}

//- Stack.last | self | mutation: taken away
	last() {
		return this.items.pop();
	}

//+ Stack.last | by a name
	last() {
		const {items} = this;
		return items[items.length - 1];
	}

//+ total | by its length
function total(numbers) {
	let sum = 0;
	for (let i = 0; i < numbers.length; i++) sum += numbers[i];
	return sum;
}
