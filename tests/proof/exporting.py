"""Sales, written to a file for each region."""
import os


def export(sales, folder):
    """The paths written."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for region in sorted({sale["region"] for sale in sales}):
        path = os.path.join(folder, region + ".csv")
        with open(path, "w", encoding="utf-8", newline="") as out:
            for sale in sales:
                if sale["region"] == region:
                    out.write("%s;%d\n" % (sale["item"], sale["cents"]))
        paths.append(path)
    return paths


def main():
    sales = [{"region": r, "item": i, "cents": c} for r, i, c in (
        ("north", "tea", 350), ("süd", "café", 420), ("north", "mug", 899), ("west", "tea", 360))]
    export(sales, "exported")
    export(sales[:2], "exported/day")
    export(sales[2:], "exported")
    export([], "exported")


#+ export | grouped once
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    lines = {}
    for sale in sales:
        lines.setdefault(sale["region"], []).append("%s;%d\n" % (sale["item"], sale["cents"]))
    paths = []
    for region in sorted(lines):
        path = os.path.join(folder, region + ".csv")
        with open(path, "w", encoding="utf-8", newline="") as out:
            out.writelines(lines[region])
        paths.append(path)
    return paths


#+ export | written beside and moved into place
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    lines = {}
    for sale in sales:
        lines.setdefault(sale["region"], []).append("%s;%d\n" % (sale["item"], sale["cents"]))
    paths = []
    for region in sorted(lines):
        path = os.path.join(folder, region + ".csv")
        with open(path + ".new", "wb") as out:
            out.write("".join(lines[region]).encode())
        os.replace(path + ".new", path)
        paths.append(path)
    return paths


#- export | files | line ends: the csv module's own
import csv


def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for region in sorted({sale["region"] for sale in sales}):
        path = os.path.join(folder, region + ".csv")
        with open(path, "w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out, delimiter=";")
            rows.writerows((s["item"], s["cents"]) for s in sales if s["region"] == region)
        paths.append(path)
    return paths


#- export | files | appending: what was in the file stays
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for sale in sorted(sales, key=lambda sale: sale["region"]):
        path = os.path.join(folder, sale["region"] + ".csv")
        with open(path, "a", encoding="utf-8", newline="") as out:
            out.write("%s;%d\n" % (sale["item"], sale["cents"]))
        if path not in paths:
            paths.append(path)
    return paths


#- export | files | encoding: Latin-1
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for region in sorted({sale["region"] for sale in sales}):
        path = os.path.join(folder, region + ".csv")
        text = "".join(["%s;%d\n" % (s["item"], s["cents"]) for s in sales if s["region"] == region])
        with open(path, "wb") as out:
            out.write(text.encode("latin-1"))
        paths.append(path)
    return paths


#- export | files | left over: a temporary file stays
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for region in sorted({sale["region"] for sale in sales}):
        path = os.path.join(folder, region + ".csv")
        text = "".join(["%s;%d\n" % (s["item"], s["cents"]) for s in sales if s["region"] == region])
        for name in (path + "~", path):
            with open(name, "w", encoding="utf-8", newline="") as out:
                out.write(text)
        paths.append(path)
    return paths


#- export | process | working directory: changed, and not changed back when there is nothing to write
def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    home = os.getcwd()
    os.chdir(folder)
    regions = sorted({sale["region"] for sale in sales})
    if not regions:
        return []
    for region in regions:
        with open(region + ".csv", "w", encoding="utf-8", newline="") as out:
            for sale in sales:
                if sale["region"] == region:
                    out.write("%s;%d\n" % (sale["item"], sale["cents"]))
    os.chdir(home)
    return [os.path.join(folder, region + ".csv") for region in regions]


#- export | files | unflushed: files that are kept open for the next call
_files = {}


def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for sale in sorted(sales, key=lambda sale: sale["region"]):
        path = os.path.join(folder, sale["region"] + ".csv")
        if path not in paths:
            paths.append(path)
            _files[path] = open(path, "w", encoding="utf-8", newline="")
        _files[path].write("%s;%d\n" % (sale["item"], sale["cents"]))
    return paths


#- export | files | permissions: a temporary file's, which nobody else may read
import tempfile


def export(sales, folder):
    os.makedirs(folder, exist_ok=True)
    paths = []
    for region in sorted({sale["region"] for sale in sales}):
        path = os.path.join(folder, region + ".csv")
        fd, new = tempfile.mkstemp(dir=folder)
        with open(fd, "w", encoding="utf-8", newline="") as out:
            out.writelines(["%s;%d\n" % (s["item"], s["cents"]) for s in sales if s["region"] == region])
        os.replace(new, path)
        paths.append(path)
    return paths
