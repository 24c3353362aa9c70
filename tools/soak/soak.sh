#!/usr/bin/env bash
# Breaks real clusters at random and plays seeds of the simulator, in turn, for a given time:
#   tools/soak/soak.sh 30m
# Prints a line for each turn and a summary, and ends with code 1 at the first failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
export GOTOOLCHAIN=local

duration=${1:?usage: soak.sh DURATION, as 30m or 2h}
case $duration in
  *h) total=$((${duration%h} * 3600)) ;;
  *m) total=$((${duration%m} * 60)) ;;
  *s) total=${duration%s} ;;
  *) echo "soak: $duration has no unit; use 30m" >&2; exit 2 ;;
esac
slice=$((total / 8)); slice=$((slice < 20 ? 20 : slice > 300 ? 300 : slice))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go test -c -o "$work/faults.test" ./test/faults
go test -c -o "$work/sim.test" ./test/sim

turns=0 clusters=0 seeds=0 begin=$SECONDS
summary() { echo "soak: $turns turns, $clusters clusters broken at random, $seeds seeds of the simulator, $((SECONDS - begin)) s"; }
failed() {
  echo "soak: FAILED; the whole output:"; cat "$work/out"
  summary; exit 1
}

while ((SECONDS - begin < total)); do
  turns=$((turns + 1))
  (cd test/faults && "$work/faults.test" -test.v -test.count=1 -test.timeout=2h -test.run 'TestSoak$' -soak "${slice}s") >"$work/out" 2>&1 || failed
  grep -o 'figure:.*\|NO NETWORK.*' "$work/out"
  clusters=$((clusters + $(grep -c 'figure:' "$work/out")))
  from=$((RANDOM * 32768 * 32768 + RANDOM * 32768 + RANDOM)) until=$((SECONDS + slice / 2))
  while ((SECONDS < until)); do
    (cd test/sim && "$work/sim.test" -test.count=1 -test.timeout=2h -test.run 'TestSeeds$' -seeds 50 -from "$from") >"$work/out" 2>&1 || failed
    seeds=$((seeds + 50)) from=$((from + 50))
  done
  echo "soak: turn $turns, seeds up to $from, $((SECONDS - begin)) of $total s"
done
summary
echo "soak: passed"
