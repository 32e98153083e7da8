"""Checks a directory's worth of report queries: parses, qualifies, optimizes and transpiles them."""
import sys

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer import optimize

SCHEMA = {
    "orders": {"id": "INT", "customer_id": "INT", "placed": "DATE", "total": "DECIMAL"},
    "customers": {"id": "INT", "name": "TEXT", "region": "TEXT"},
    "items": {"order_id": "INT", "sku": "TEXT", "qty": "INT", "price": "DECIMAL"},
}

QUERIES = [
    "SELECT c.region, SUM(o.total) AS revenue FROM orders o JOIN customers c ON o.customer_id = c.id "
    "WHERE o.placed >= '2024-01-01' GROUP BY c.region ORDER BY revenue DESC LIMIT {n}",
    "WITH big AS (SELECT customer_id, COUNT(*) AS n FROM orders GROUP BY customer_id HAVING COUNT(*) > {n}) "
    "SELECT c.name, b.n FROM big b JOIN customers c ON c.id = b.customer_id",
    "SELECT o.id, (SELECT SUM(i.qty * i.price) FROM items i WHERE i.order_id = o.id) AS value FROM orders o "
    "WHERE o.total BETWEEN {n} AND {n} * 10 AND o.customer_id IN (SELECT id FROM customers WHERE region = 'north')",
    "SELECT sku, CASE WHEN SUM(qty) > {n} THEN 'fast' WHEN SUM(qty) > 5 THEN 'slow' ELSE 'dead' END AS class "
    "FROM items GROUP BY sku",
    "SELECT name, ROW_NUMBER() OVER (PARTITION BY region ORDER BY name) AS r FROM customers WHERE NOT (region = 'x' OR region <> 'y')",
    "SELECT a.id FROM orders a LEFT JOIN orders b ON a.customer_id = b.customer_id AND a.id < b.id WHERE b.id IS NULL",
]
DIALECTS = ["duckdb", "postgres", "bigquery", "snowflake", "spark", "mysql"]


def tables_of(tree):
    return sorted({t.name for t in tree.find_all(exp.Table)})


def check(sql, out):
    tree = sqlglot.parse_one(sql)
    out.write(f"tables {','.join(tables_of(tree))} columns {len(list(tree.find_all(exp.Column)))}\n")
    best = optimize(tree, schema=SCHEMA)
    out.write(best.sql(pretty=True) + "\n")
    for dialect in DIALECTS:
        out.write(sqlglot.transpile(sql, write=dialect)[0] + "\n")
    again = sqlglot.parse_one(best.sql())
    out.write(f"changes {len(sqlglot.diff(tree, again))}\n")


def main():
    out = sys.stdout
    for n in range(6):
        for template in QUERIES:
            check(template.format(n=n + 2), out)
    node = lineage("revenue", QUERIES[0].format(n=3), schema=SCHEMA)
    out.write(f"lineage {sorted(x.name for x in node.walk())}\n")
    try:
        sqlglot.parse_one("SELECT FROM WHERE (")
    except sqlglot.errors.ParseError as error:
        out.write(f"error {error.errors[0]['description']}\n")


if __name__ == "__main__":
    main()
