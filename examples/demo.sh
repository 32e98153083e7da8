#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make demo`: the bundled workflow, copied into the build folder as a project of its own, optimized
# with the offline rules. O= is the build directory.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-build}
case $O in
/*) ;;
*) O=$here/$O ;;
esac
demo=$O/demo/nightly

rm -rf "$demo"
mkdir -p "$demo"
cp -R "$here/examples/workflow/." "$demo"
rm -rf "$demo/feeds" "$demo/.codeflash" "$demo/codeflash.trace"
cd "$demo"
python3 make_feeds.py
git init -q .
git add -A
git -c user.name=demo -c user.email=demo@localhost commit -q -m 'the nightly run, as it is'

echo "demo: the project is $demo" >&2
echo "demo: codeflash optimize nightly.py" >&2
PATH=$O/bin:$PATH exec codeflash optimize nightly.py
