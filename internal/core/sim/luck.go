package sim

import "time"

// luck is all there is of it: SplitMix64 (Steele, Lea and Flood, 2014), so that a seed is
// the same run for ever, whatever becomes of anybody's library.
type luck struct{ state uint64 }

func (l *luck) draw() uint64 {
	l.state += 0x9e3779b97f4a7c15
	z := l.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns one of 0 … n-1.
func (l *luck) below(n int) int { return int(l.draw() % uint64(n)) }

// chance is true so many times in a thousand.
func (l *luck) chance(perMille int) bool { return l.below(1000) < perMille }

// between returns a duration in [low, high).
func (l *luck) between(low, high time.Duration) time.Duration {
	return low + time.Duration(l.draw()%uint64(high-low))
}

// mostlyShort returns a duration in [low, high) that is of the order of low as often as
// of that of high: what breaks things is short often, and long sometimes.
func (l *luck) mostlyShort(low, high time.Duration) time.Duration {
	for high > 4*low && l.below(2) == 0 {
		high /= 2
	}
	return l.between(low, max(high, low+1))
}
