package natsstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// An infoReply is what is read of the server's answer about a stream.
type infoReply struct {
	Error *struct {
		Description string `json:"description"`
	} `json:"error"`
	State struct {
		Last     uint64            `json:"last_seq"`
		Subjects map[string]uint64 `json:"subjects"`
	} `json:"state"`
	Total int `json:"total"` // of the subjects; the answer has up to 100,000
}

// pageOverlap is how far a page of subjects reaches back into the one before. Subjects
// may come and go between two pages and move the rest.
const pageOverlap = 1000

// subjects returns, in the order of their bytes, all subjects of the stream that match
// the filter, markers' subjects included. One that is there all the while is among
// them. The stream's leader answers, and it has seen all that this store has.
func (s *Store) subjects(ctx context.Context, filter string) ([]string, error) {
	return collect(pageOverlap, func(offset int) ([]string, int, error) { return s.subjectsFrom(ctx, filter, offset) })
}

// collect puts sorted pages together that overlap. A page begins at an offset, and
// comes with the number of all subjects at that moment.
func collect(overlap int, fetch func(offset int) (page []string, total int, err error)) ([]string, error) {
	var all []string
	for offset, back := 0, overlap; ; {
		page, total, err := fetch(offset)
		if err != nil {
			return nil, err
		}
		if offset > 0 && (len(page) == 0 || page[0] > all[len(all)-1]) {
			// More went than the overlap has room for: there may be a gap before the page.
			back *= 2
			offset = max(0, offset-back)
			continue
		}
		end := offset + len(page)
		if len(all) > 0 {
			at, found := slices.BinarySearch(page, all[len(all)-1])
			if found {
				at++
			}
			page = page[at:]
		}
		all = append(all, page...)
		if end >= total {
			return all, nil
		}
		offset, back = max(0, end-overlap), overlap
	}
}

// subjectsFrom asks the leader for one page.
func (s *Store) subjectsFrom(ctx context.Context, filter string, offset int) (subjects []string, total int, err error) {
	payload, err := json.Marshal(struct {
		Filter string `json:"subjects_filter"`
		Offset int    `json:"offset,omitempty"`
	}{filter, offset})
	if err != nil {
		return nil, 0, err
	}
	atLeast := s.guards.highest()
	for attempt := 0; ; attempt++ {
		info, err := s.streamInfo(ctx, payload)
		if err == nil && info.State.Last < atLeast {
			err = fmt.Errorf("a server lists from before sequence %d, which was acknowledged: it is behind, or has lost what it acknowledged", atLeast)
		}
		if err == nil {
			s.guards.saw(info.State.Last)
			return slices.Sorted(maps.Keys(info.State.Subjects)), info.Total, nil
		}
		if s.nc.IsClosed() {
			return nil, 0, err
		}
		if ended := pause(ctx, attempt); ended != nil {
			return nil, 0, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

func (s *Store) streamInfo(ctx context.Context, payload []byte) (infoReply, error) {
	ctx, cancel := context.WithTimeout(ctx, replyWait)
	defer cancel()
	var info infoReply
	reply, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+s.layout.stream(), payload)
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(reply.Data, &info); err != nil {
		return info, fmt.Errorf("the server's answer about the stream cannot be read: %w", err)
	}
	if info.Error != nil {
		return info, fmt.Errorf("the server answers: %s", info.Error.Description)
	}
	return info, nil
}
