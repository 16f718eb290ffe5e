package main

import (
	"context"
	"math"

	"github.com/teff-dev/teff/grain"
	wordcountv1 "github.com/teff-dev/teff/samples/wordcount/wordcount/v1"
)

// word counts itself. Its key is the word.
type word struct {
	a     *grain.Activation
	state *grain.State[*wordcountv1.WordState]
}

func newWord(a *grain.Activation) (*word, error) {
	return &word{a: a, state: grain.StateOf[*wordcountv1.WordState](a)}, nil
}

// Add counts the word. It answers when the count is stored.
func (g *word) Add(ctx context.Context, req *wordcountv1.AddRequest) (*wordcountv1.AddResponse, error) {
	more := req.GetCount()
	if more < 0 {
		return nil, grain.Errorf(grain.CodeInvalidArgument, "a word cannot be seen %d times", more)
	}
	if more == 0 {
		more = 1
	}
	if count := g.state.Value().GetCount(); count > math.MaxInt64-more {
		return nil, grain.Errorf(grain.CodeOutOfRange, "%s was seen %d times, and there is no room for %d more", g.a.ID(), count, more)
	}
	err := g.state.Update(ctx, func(s *wordcountv1.WordState) error {
		s.Count += more
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &wordcountv1.AddResponse{Count: g.state.Value().GetCount()}, nil
}

// Get tells the count.
func (g *word) Get(context.Context, *wordcountv1.GetRequest) (*wordcountv1.GetResponse, error) {
	return &wordcountv1.GetResponse{Count: g.state.Value().GetCount()}, nil
}
