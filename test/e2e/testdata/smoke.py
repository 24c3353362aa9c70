"""A session of redis-py (Debian's python3-redis) with a node: smoke.py PORT OTHER_PORT.

Prints "all passed" at the end; what fails raises. OTHER_PORT is a node of another region.
"""

import sys
import time

import redis

here = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
there = redis.Redis(port=int(sys.argv[2]), decode_responses=True)


def equal(got, want):
    if got != want:
        raise AssertionError(f"{got!r} is not {want!r}")


def eventually(what, want):
    """Waits until what() returns want: updates travel."""
    end = time.time() + 30
    while what() != want:
        if time.time() > end:
            raise AssertionError(f"still {what()!r}, not {want!r}")
        time.sleep(0.02)


equal(here.ping(), True)
equal(here.info("server")["redis_version"][0], "7")

# strings and numbers
equal(here.set("s", "v"), True)
equal(here.set("s", "w", nx=True), None)
equal(here.append("s", "al"), 3)
equal(here.mset({"m1": 1, "m2": 2}), True)
equal(here.mget("m1", "none", "m2"), ["1", None, "2"])
equal(here.incrby("n", 5), 5)
equal(here.incrbyfloat("f", 0.5), 0.5)
equal(here.setex("e", 100, "x"), True)
equal(0 < here.ttl("e") <= 100, True)
equal(here.persist("e"), True)
equal(here.ttl("e"), -1)

# hashes, sets, sorted sets, lists
equal(here.hset("h", mapping={"a": 1, "b": 2}), 2)
equal(here.hincrby("h", "a", 2), 3)
equal(here.hgetall("h"), {"a": "3", "b": "2"})
equal(here.sadd("set", "x", "y"), 2)
equal(here.smembers("set"), {"x", "y"})
equal(here.zadd("z", {"one": 1, "two": 2}), 2)
equal(here.zincrby("z", 3, "one"), 4.0)
equal(here.zrange("z", 0, -1, withscores=True), [("two", 2.0), ("one", 4.0)])
equal(here.rpush("l", "a", "b", "c"), 3)
equal(here.lrange("l", 0, -1), ["a", "b", "c"])
equal(here.lpop("l"), "a")

# streams, by both regions
first = here.xadd("st", {"n": 1})
equal(here.xadd("st", {"n": 2}, id="99999999999999-1"), "99999999999999-1")
equal(here.xlen("st"), 2)
equal(here.xrange("st", count=1), [(first, {"n": "1"})])
equal(here.xread({"st": first}), [["st", [("99999999999999-1", {"n": "2"})]]])
eventually(lambda: there.xlen("st"), 2)
last = there.xadd("st", {"n": 3})
equal(here.xread({"st": "99999999999999-1"}, block=30000), [["st", [(last, {"n": "3"})]]])
equal(here.xdel("st", first), 1)
equal(here.xtrim("st", maxlen=1, approximate=False), 1)
equal(here.xinfo_stream("st")["last-generated-id"], last)

# transactions, optimistic ones too
with here.pipeline() as p:
    equal(p.incr("n").incr("n").get("s").execute(), [6, 7, "val"])


def double(p):
    n = int(p.get("n"))
    p.multi()
    p.set("n", 2 * n)


equal(here.transaction(double, "n"), [True])
equal(here.get("n"), "14")

# iteration, errors, channels
equal(sorted(here.scan_iter("m*")), ["m1", "m2"])
equal(dict(here.hscan_iter("h")), {"a": "3", "b": "2"})
try:
    here.incr("s")
    raise AssertionError("INCR of a word")
except redis.ResponseError as err:
    equal(str(err), "value is not an integer or out of range")
try:
    here.lpush("s", "x")
    raise AssertionError("LPUSH on a string")
except redis.ResponseError as err:
    equal(str(err).startswith("WRONGTYPE"), True)
listener = here.pubsub()
listener.subscribe("news")
equal(listener.get_message(timeout=30)["type"], "subscribe")
here.publish("news", "hello")
equal(listener.get_message(timeout=30)["data"], "hello")
listener.close()

# the other region has it, and adds to it
eventually(lambda: there.get("n"), "14")
eventually(lambda: there.zscore("z", "one"), 4.0)
there.incrby("n", 6)
eventually(lambda: here.get("n"), "20")
equal(here.delete("s", "n"), 2)
eventually(lambda: there.exists("s", "n"), 0)
print("all passed")
