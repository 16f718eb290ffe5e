package sim

import "time"

// message is what kind of message it is.
type message int

const (
	toBucket   message = iota + 1 // a write or read of a record
	fromBucket                    // its answer
	announced                     // a record that was accepted
	toStore                       // a claim, load or commit
	fromStore                     // its answer
	called                        // a call
	answered                      // its answer
)

// fate decides what becomes of messages.
type fate interface {
	// delays are after how long each copy of a message arrives; none: it is lost.
	delays(m message) (copies [2]time.Duration, n int)
	// stale is how old a read is.
	stale() time.Duration
}

// mood is how messages fare for the time being.
type mood struct {
	slow  time.Duration // messages take up to so long
	late  int           // so many of a thousand take up to longDelay
	lost  int           // so many of a thousand never arrive
	twice int           // so many of a thousand announcements arrive twice
	stale int           // so many of a thousand reads are stale
	acks  time.Duration // answers about records take up to so long
	store time.Duration // messages to and from the store take up to so long, each
}

const (
	shortDelay = 200 * time.Microsecond
	longDelay  = 6 * time.Second
	oldestRead = 5 * time.Second
)

func calmMood() mood { return mood{slow: 3 * time.Millisecond} }

// weather is a fate by luck.
type weather struct {
	luck *luck
	mood mood
}

func (w *weather) delays(m message) (copies [2]time.Duration, n int) {
	if w.mood.lost > 0 && w.luck.chance(w.mood.lost) {
		return copies, 0
	}
	n = 1
	if m == announced && w.mood.twice > 0 && w.luck.chance(w.mood.twice) {
		n = 2
	}
	for i := range n {
		copies[i] = w.luck.between(shortDelay, w.slow(m))
		if w.mood.late > 0 && w.luck.chance(w.mood.late) {
			copies[i] = w.luck.mostlyShort(20*time.Millisecond, longDelay)
		}
	}
	return copies, n
}

// slow is how long a message takes at most, if it is not late.
func (w *weather) slow(m message) time.Duration {
	switch m {
	case fromBucket:
		return max(w.mood.slow, w.mood.acks)
	case toStore, fromStore:
		return max(w.mood.slow, w.mood.store)
	default:
		return w.mood.slow
	}
}

func (w *weather) stale() time.Duration {
	if w.mood.stale > 0 && w.luck.chance(w.mood.stale) {
		return w.luck.mostlyShort(5*time.Millisecond, oldestRead)
	}
	return 0
}
