package badgerstore

import (
	"context"
	"fmt"
)

// NextGeneration increments the generation; the first is 1.
func (s *Store) NextGeneration(ctx context.Context) (uint64, error) {
	generation, err := s.nextGeneration(ctx)
	if err != nil {
		return 0, fmt.Errorf("next generation: %w", err)
	}
	return generation, nil
}

func (s *Store) nextGeneration(ctx context.Context) (uint64, error) {
	if err := s.gate.enter(); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	op := &generationOp{}
	if err := s.submit(ctx, op); err != nil {
		return 0, err
	}
	return op.generation, nil
}

type generationOp struct {
	generation uint64
}

func (op *generationOp) cost() int   { return len(keyGeneration) }
func (op *generationOp) sets() bool  { return false }
func (op *generationOp) alone() bool { return false }

func (op *generationOp) apply(b *batch) error {
	last, err := counter(b.txn, keyGeneration)
	if err != nil {
		return fmt.Errorf("read the generation: %w", err)
	}
	op.generation = last + 1
	b.set([]byte(keyGeneration), encodeCounter(op.generation))
	return nil
}
