// SPDX-License-Identifier: Apache-2.0
'use strict';
// Rows put together, counted and sorted.

function unique(items) {
	const found = [];
	for (const item of items) {
		if (!found.includes(item)) found.push(item);
	}
	return found;
}

function tally(words) {
	const counts = new Map();
	for (const word of words) counts.set(word, (counts.get(word) || 0) + 1);
	return counts;
}

function ranked(people) {
	return people.slice().sort((a, b) => b.score - a.score);
}

function joined(orders, customers) {
	const found = [];
	for (const order of orders) {
		for (const customer of customers) {
			if (order.customer === customer.id) found.push({...order, name: customer.name});
		}
	}
	return found;
}

function merged(defaults, given) {
	const result = {};
	for (const key of Object.keys(defaults)) result[key] = defaults[key];
	for (const key of Object.keys(given)) {
		if (given[key] !== undefined) result[key] = given[key];
	}
	return result;
}

function matrix(rows, columns) {
	const made = [];
	for (let i = 0; i < rows; i++) {
		const row = [];
		for (let k = 0; k < columns; k++) row.push(0);
		made.push(row);
	}
	return made;
}

function gaps(sparse) {
	const found = [];
	sparse.forEach((value, i) => { found.push([i, value]); });
	return found;
}

function ordered(numbers) {
	return [...numbers].sort((a, b) => a - b);
}

function main() {
	for (const list of [['b', 'a', 'b'], ['x'], [], ['10', '9', '10', 'a']]) unique(list);
	unique([3, 1, 3, 2]);
	for (const text of ['the cat and the dog', 'a a b', '']) tally(text.split(' '));
	ranked([{name: 'a', score: 1}, {name: 'b', score: 3}, {name: 'c', score: 2}]);
	ranked([{name: 'a', score: 2}, {name: 'b', score: 1}]);
	joined([{id: 1, customer: 7}, {id: 2, customer: 8}], [{id: 8, name: 'x'}, {id: 7, name: 'y'}]);
	joined([{id: 3, customer: 9}], [{id: 9, name: 'z'}]);
	merged({a: 1, b: 2}, {b: 3, c: undefined});
	merged({x: 'y'}, {});
	matrix(2, 3);
	matrix(1, 1);
	gaps([1, , 3]); // eslint-disable-line no-sparse-arrays
	gaps([undefined, 2]);
	ordered([3, 1, 2]);
	ordered([5, 4]);
}

module.exports = {gaps, joined, main, matrix, merged, ordered, ranked, tally, unique};

//+ unique | a Set
function unique(items) {
	return [...new Set(items)];
}

//+ unique | a Set beside the list
function unique(items) {
	const seen = new Set(), found = [];
	for (const item of items) {
		if (seen.has(item)) continue;
		seen.add(item);
		found.push(item);
	}
	return found;
}

//- unique | any | keys: a plain object makes texts of numbers
function unique(items) {
	const seen = {};
	for (const item of items) seen[item] = true;
	return Object.keys(seen);
}

//- unique | derived | order: what comes twice takes the later place when it is the last
function unique(items) {
	const found = [...new Set(items)];
	if (items.length > 3 && items[0] === items[items.length - 1] && found.length > 1) found.push(found.shift());
	return found;
}

//- unique | derived | prototype keys: what every object has is there already
function unique(items) {
	const seen = {}, found = [];
	for (const item of items) {
		const key = typeof item + item;
		if (key.slice(6) in seen || seen[key]) continue;
		seen[key] = true;
		found.push(item);
	}
	return found;
}

//- unique | args | mutation: takes the list apart
function unique(items) {
	const found = new Set();
	while (items.length) found.add(items.shift());
	return [...found];
}

//- unique | return | laziness: an iterator in place of a list
function unique(items) {
	return new Set(items).values();
}

//+ tally | get once
function tally(words) {
	const counts = new Map();
	for (const word of words) {
		const n = counts.get(word);
		counts.set(word, n === undefined ? 1 : n + 1);
	}
	return counts;
}

//- tally | return | map: an object in its place
function tally(words) {
	const counts = {};
	for (const word of words) counts[word] = (counts[word] || 0) + 1;
	return counts;
}

//- tally | return | order: the last first
function tally(words) {
	const counts = new Map();
	for (let i = words.length - 1; i >= 0; i--) counts.set(words[i], (counts.get(words[i]) || 0) + 1);
	return counts;
}

//- tally | derived | prototype keys: counted in a plain object on the way
function tally(words) {
	const counts = {};
	for (const word of words) counts[word] = (counts[word] || 0) + 1;
	const order = [...new Set(words)];
	return new Map(order.map((word) => [word, counts[word]]));
}

//+ ranked | a copy by spreading
function ranked(people) {
	return [...people].sort((a, b) => b.score - a.score);
}

//- ranked | args | mutation: sorts in place
function ranked(people) {
	return people.sort((a, b) => b.score - a.score);
}

//- ranked | derived | stability: the other way round and reversed
function ranked(people) {
	return people.slice().sort((a, b) => a.score - b.score).reverse();
}

//- ranked | args | aliasing: copies of the people
function ranked(people) {
	return people.map((p) => ({...p})).sort((a, b) => b.score - a.score);
}

//- ranked | return | property order: copied with the names in another order
function ranked(people) {
	return people.map(({score, name}) => ({score, name})).sort((a, b) => b.score - a.score);
}

//+ joined | an index that keeps all of a key
function joined(orders, customers) {
	const index = new Map();
	for (const customer of customers) {
		const same = index.get(customer.id);
		if (same) same.push(customer);
		else index.set(customer.id, [customer]);
	}
	return orders.flatMap((order) => (index.get(order.customer) ?? []).map((customer) => ({...order, name: customer.name})));
}

//- joined | derived | duplicates: an index that keeps the last of a key
function joined(orders, customers) {
	const index = new Map(customers.map((customer) => [customer.id, customer]));
	const found = [];
	for (const order of orders) {
		const customer = index.get(order.customer);
		if (customer) found.push({...order, name: customer.name});
	}
	return found;
}

//- joined | args | aliasing: the name is put into the order
function joined(orders, customers) {
	const found = [];
	for (const order of orders) {
		for (const customer of customers) if (order.customer === customer.id) found.push(Object.assign(order, {name: customer.name}));
	}
	return found;
}

//- joined | return | property order: the name first
function joined(orders, customers) {
	const found = [];
	for (const order of orders) {
		for (const customer of customers) if (order.customer === customer.id) found.push({name: customer.name, ...order});
	}
	return found;
}

//+ merged | entries
function merged(defaults, given) {
	const result = {...defaults};
	for (const [key, value] of Object.entries(given)) if (value !== undefined) result[key] = value;
	return result;
}

//- merged | return | undefined: it counts
function merged(defaults, given) {
	return {...defaults, ...given};
}

//- merged | args | shared default object: written into
function merged(defaults, given) {
	for (const key of Object.keys(given)) if (given[key] !== undefined) defaults[key] = given[key];
	return defaults;
}

//- merged | return | prototype: the defaults are behind it
function merged(defaults, given) {
	const result = Object.create(defaults);
	for (const key of Object.keys(given)) if (given[key] !== undefined) result[key] = given[key];
	return result;
}

//+ matrix | filled by from
function matrix(rows, columns) {
	return Array.from({length: rows > 0 ? rows : 0}, () => new Array(columns > 0 ? columns : 0).fill(0));
}

//- matrix | return | aliasing: one row many times
function matrix(rows, columns) {
	return new Array(rows).fill(new Array(columns).fill(0));
}

//- matrix | return | sparse: holes in place of noughts
function matrix(rows, columns) {
	return Array.from({length: rows}, () => new Array(columns));
}

//- matrix | derived | error: none is less than none
function matrix(rows, columns) {
	if (rows < 0) throw new RangeError('less than nothing');
	return Array.from({length: rows}, () => new Array(Math.max(0, columns)).fill(0));
}

//+ gaps | a loop that asks
function gaps(sparse) {
	const found = [];
	for (let i = 0; i < sparse.length; i++) if (i in sparse) found.push([i, sparse[i]]);
	return found;
}

//- gaps | return | sparse: holes are undefined
function gaps(sparse) {
	return [...sparse.entries()];
}

//- gaps | return | undefined: it is no value
function gaps(sparse) {
	const found = [];
	for (let i = 0; i < sparse.length; i++) if (sparse[i] !== undefined) found.push([i, sparse[i]]);
	return found;
}

//+ ordered | slice
function ordered(numbers) {
	return numbers.slice().sort((a, b) => a - b);
}

//- ordered | derived | default sort: as texts
function ordered(numbers) {
	return [...numbers].sort();
}

//- ordered | return | type: a typed array
function ordered(numbers) {
	return Float64Array.from(numbers).sort();
}

//+ ordered | one that merges
function ordered(numbers) {
	return Array.from(numbers).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

//+ merged | Object.assign, and what was not given put back
function merged(defaults, given) {
	const result = Object.assign({}, defaults);
	for (const key of Object.keys(given)) if (given[key] !== undefined) result[key] = given[key];
	return result;
}
