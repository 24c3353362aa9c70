package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// handWall is a wall that a test moves.
type handWall struct {
	wall    int64 // microseconds
	elapsed time.Duration
}

func (w *handWall) Read() (int64, time.Duration) { return w.wall / 1000, w.elapsed }

func (w *handWall) pass(d time.Duration) {
	w.wall += d.Microseconds()
	w.elapsed += d
}

func newHandWall() *handWall { return &handWall{wall: 1_700_000_000_000_000} }

func TestAheadNeverWraps(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, 0)
	now := w.wall / 1000
	for name, c := range map[string]struct {
		millis int64
		want   time.Duration
	}{
		"now":                       {now, 0},
		"a second ahead":            {now + 1000, time.Second},
		"a second behind":           {now - 1000, -time.Second},
		"at the end of time":        {1<<48 - 1, math.MaxInt64 / time.Millisecond * time.Millisecond},
		"beyond a Duration's reach": {now + 9_223_372_036_855, math.MaxInt64 / time.Millisecond * time.Millisecond},
		"where it would be zero":    {now + 18_446_744_073_710, math.MaxInt64 / time.Millisecond * time.Millisecond},
	} {
		if got := h.Ahead(MakeTimestamp(c.millis, 0)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTimestampsStrictlyRiseWhateverTheWallDoes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	w := newHandWall()
	h := NewHLC(w, MakeTimestamp(w.wall/1000+50, 7))
	last := h.Last()
	for range 20_000 {
		switch rng.IntN(8) {
		case 0:
			w.wall += rng.Int64N(20_000_000) - 10_000_000
		case 1:
			w.elapsed -= time.Duration(rng.IntN(1000)) // a broken monotonic clock
		case 2:
			h.Observe(last + Timestamp(rng.IntN(1<<17)))
			last = h.Last()
		default:
			w.pass(time.Duration(rng.IntN(3_000_000)))
		}
		now := h.Now()
		if now <= last {
			t.Fatalf("%v after %v", now, last)
		}
		last = now
	}
}

func TestCounterCarriesIntoTheMillisecond(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, MakeTimestamp(w.wall/1000, math.MaxUint16))
	if got, want := h.Now(), MakeTimestamp(w.wall/1000+1, 0); got != want || h.Carries() != 1 {
		t.Fatalf("%v (%d carries), want %v", got, h.Carries(), want)
	}
}

func TestObserveDoesNotGoBack(t *testing.T) {
	h := NewHLC(newHandWall(), 100)
	h.Observe(50)
	if h.Last() != 100 {
		t.Fatalf("went back to %v", h.Last())
	}
}

func TestWallStepsAreSlewedAtATenth(t *testing.T) {
	for name, c := range map[string]struct {
		step, every, run time.Duration
	}{
		"forward, asked seldom":      {10 * time.Second, 100 * time.Millisecond, time.Second},
		"forward, asked often":       {10 * time.Second, 5 * time.Microsecond, time.Second},
		"forward, asked at odd gaps": {10 * time.Second, 13_700 * time.Nanosecond, time.Second},
		"back, asked often":          {-10 * time.Second, 5 * time.Microsecond, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newHandWall()
			h := NewHLC(w, 0)
			start, _ := h.Physical()
			w.wall += c.step.Microseconds()
			var spent time.Duration
			for ; spent < c.run; spent += c.every {
				w.elapsed += c.every
				w.wall = 1_700_000_000_000_000 + (c.step + w.elapsed).Microseconds()
				h.Physical()
			}
			now, left := h.Physical()
			want := spent + spent/10
			if c.step < 0 {
				want = spent - spent/10
			}
			if off := time.Duration(now-start)*time.Millisecond - want; off.Abs() > 2*time.Millisecond {
				t.Errorf("moved %d ms in %v, want %v", now-start, spent, want)
			}
			if gone := c.step - left; (gone.Abs() - spent/10).Abs() > 2*time.Millisecond {
				t.Errorf("%v of the step is left", left)
			}
		})
	}
}

func TestAnOldFloorDoesNotHoldTheClockBack(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, 1)
	if got, want := h.Now(), MakeTimestamp(w.wall/1000, 0); got != want {
		t.Fatalf("%v, want %v", got, want)
	}
}

func TestAcceptMakesTheFutureThePresent(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, 0)
	far := MakeTimestamp(w.wall/1000+3_600_000, 7)
	h.Accept(far)
	if next := h.Now(); next != far+1 {
		t.Errorf("issued %v after %v", next, far)
	}
	if a, b := h.Ahead(far), h.Ahead(MakeTimestamp(far.WallMillis()+100, 0)); a != 0 || b != 100*time.Millisecond {
		t.Errorf("ahead %v and %v", a, b)
	}
	// A node that starts above such a stamp knows of it.
	if a := NewHLC(newHandWall(), far).Ahead(far + 1); a != 0 {
		t.Errorf("after a restart: %v ahead", a)
	}
}

func TestAClockThatWasRepairedIsFollowedAtOnce(t *testing.T) {
	w := newHandWall()
	w.wall += time.Hour.Microseconds()
	h := NewHLC(w, 0)
	before := h.Now()
	w.wall -= time.Hour.Microseconds()
	w.pass(time.Second)
	if _, step := h.Physical(); step > -50*time.Minute {
		t.Fatalf("the step is %v", step)
	}
	h.Resync()
	if _, step := h.Physical(); step != 0 {
		t.Errorf("after Resync the step is %v", step)
	}
	if next := h.Now(); next != before+1 {
		t.Errorf("issued %v after %v", next, before)
	}
	if a := h.Ahead(before + 9); a > time.Second {
		t.Errorf("what follows its own stamps is %v ahead", a)
	}
}

func TestALookNeverGoesBack(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, 0)
	at := w.wall / 1000
	if got := h.Look(time.Second); got.WallMillis() != at {
		t.Fatalf("%v, the wall says %d", got, at)
	}
	h.Observe(MakeTimestamp(at+300, 5))
	seen := h.Look(time.Second)
	if seen.WallMillis() != at+300 {
		t.Fatalf("%v is before what was observed", seen)
	}
	w.wall -= 60_000_000
	w.pass(time.Second)
	h.Resync() // an operator repairs the clock, backwards
	if again := h.Look(time.Second); again < seen {
		t.Fatalf("%v after %v", again, seen)
	}
	w.pass(2 * time.Minute)
	if later := h.Look(time.Second); later.WallMillis() <= seen.WallMillis() {
		t.Fatalf("%v stands still", later)
	}
}

func TestALookDoesNotFollowTheFuture(t *testing.T) {
	w := newHandWall()
	h := NewHLC(w, 0)
	at := w.wall / 1000
	h.Accept(MakeTimestamp(at+3_600_000, 0))
	if got := h.Look(500 * time.Millisecond).WallMillis(); got != at+500 {
		t.Fatalf("%d ms ahead", got-at)
	}
	w.pass(time.Second)
	if got := h.Look(500 * time.Millisecond).WallMillis(); got != at+1500 {
		t.Fatalf("%d ms ahead of where it began", got-at)
	}
}
