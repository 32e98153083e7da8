# SPDX-License-Identifier: Apache-2.0
"""Waiting, mostly: files, SQLite, child processes, and a server on the loopback asked by four threads.

The functions are entered by several threads at once and have to be counted all the same.
"""
import csv
import os
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading

CLIENTS = 4


def row_of(i):
    return [i, f"customer {i % 97}", i * 37 % 1009]


def write_report(path, rows):
    with open(path, "w", newline="") as f:
        csv.writer(f).writerows(rows)
        f.flush()
        os.fsync(f.fileno())


def read_report(path):
    with open(path, newline="") as f:
        return [(int(i), name, int(amount)) for i, name, amount in csv.reader(f)]


def store(path, rows):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE IF NOT EXISTS sale (id INTEGER, name TEXT, amount INTEGER)")
        db.executemany("INSERT INTO sale VALUES (?, ?, ?)", rows)
    db.close()


def busiest(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT name, sum(amount) FROM sale GROUP BY 1 ORDER BY 2 DESC, 1").fetchone()
    finally:
        db.close()


def child_total(rows):
    """By a process of the same Python, which loads nothing of the project."""
    text = "\n".join(str(amount) for _, _, amount in rows)
    done = subprocess.run([sys.executable, "-c", "import sys; print(sum(map(int, sys.stdin)))"],
                          input=text, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout)


def sort_file(path):
    return subprocess.run(["sort", path], stdout=subprocess.PIPE, check=True).stdout


def answer(question):
    return b"%d\n" % (int(question) ** 2 % 10007)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(answer(line))


def ask(stream, n):
    stream.write(b"%d\n" % n)
    stream.flush()
    return int(stream.readline())


def client(address, questions, answers):
    with socket.create_connection(address) as connection, connection.makefile("rwb") as stream:
        answers.append(sum(ask(stream, n) for n in range(questions)))


def serve(questions):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        answers = []
        clients = [threading.Thread(target=client, args=(server.server_address, questions, answers))
                   for _ in range(CLIENTS)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
        server.shutdown()
    return answers


def main(size):
    """About as much time in each of the four for every size."""
    expected = [sum(n * n % 10007 for n in range(size))] * CLIENTS
    assert serve(size) == expected
    reports = max(size // 100, 1)
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "sales.db")
        for i in range(reports):
            path = os.path.join(folder, f"{i}.csv")
            write_report(path, (row_of(n) for n in range(500)))
            rows = read_report(path)
            store(database, rows)
            assert busiest(database)[1]
            sort_file(path)
        assert child_total(rows) == sum(row[2] for row in rows)
    return {
        "row_of": 500 * reports, "write_report": reports, "read_report": reports, "store": reports,
        "busiest": reports, "sort_file": reports, "child_total": 1,
        "answer": CLIENTS * size, "ask": CLIENTS * size, "client": CLIENTS, "Handler.handle": CLIENTS,
    }
