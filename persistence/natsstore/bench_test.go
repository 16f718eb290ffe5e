package natsstore

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/teff-dev/teff/persistence"
)

const benchValue = 256

// Each caller has a shard of its own, as grains of a busy silo mostly do.
//
//	go test -run '^$' -bench . ./persistence/natsstore
func BenchmarkCommit(b *testing.B) {
	for _, replicas := range []int{1, 3} {
		nc := connect(b, benchServer(b, replicas))
		for _, callers := range []int{1, 64, 1024} {
			b.Run(fmt.Sprintf("store/R%d/callers=%d", replicas, callers), func(b *testing.B) {
				benchStore(b, nc, replicas, callers)
			})
		}
		for _, callers := range []int{1, 48} { // the server refuses more than 50
			b.Run(fmt.Sprintf("rawBatches/R%d/callers=%d", replicas, callers), func(b *testing.B) {
				benchRaw(b, nc, replicas, callers)
			})
		}
	}
}

func benchServer(b *testing.B, replicas int) *server.Server {
	if replicas == 3 {
		return startCluster(b, likeASilo(b))[0]
	}
	return startServer(b, likeASilo(b))
}

func benchStore(b *testing.B, nc *nats.Conn, replicas, callers int) {
	var batches atomic.Int64
	s := openOn(b, nc, Options{Cluster: fmt.Sprint("bench", replicas), Replicas: replicas},
		hooks{answered: func(_ int, err error) error { batches.Add(1); return err }})
	generation, err := s.NextGeneration(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	fence := persistence.Fence{Generation: generation}
	shards := make([]persistence.Shard, callers)
	for i := range shards {
		shards[i] = persistence.Shard{Type: fmt.Sprint("bench.v1.C", callers, "N", generation), Partition: uint32(i)}
	}
	if err := s.Claim(b.Context(), fence, shards...); err != nil {
		b.Fatal(err)
	}
	batches.Store(0)
	eachCaller(b, callers, func(caller int) func() error {
		w := persistence.Write{Key: persistence.Key{Grain: "g"}, Value: make([]byte, benchValue)}
		return func() error {
			revisions, err := s.Commit(context.Background(), shards[caller], fence, w)
			if err == nil {
				w.Expect = revisions[0]
			}
			return err
		}
	})
	b.ReportMetric(float64(b.N)/float64(batches.Load()), "commits/batch")
}

// benchRaw: a batch a commit, of the same two messages, that expects nothing.
func benchRaw(b *testing.B, nc *nats.Conn, replicas, callers int) {
	s := openOn(b, nc, Options{Cluster: fmt.Sprint("bench", replicas), Replicas: replicas}, hooks{})
	value := make([]byte, benchValue)
	eachCaller(b, callers, func(caller int) func() error {
		shard := persistence.Shard{Type: fmt.Sprint("bench.v1.Raw", callers), Partition: uint32(caller)}
		fence, record := s.layout.fence(shard), s.layout.record(shard, persistence.Key{Grain: "g"})
		batch := 0
		return func() error {
			batch++
			id := fmt.Sprint(b.Name(), b.N, "-", caller, "-", batch)[len("BenchmarkCommit/rawBatches/"):]
			one, two := nats.NewMsg(fence), nats.NewMsg(record)
			one.Data, two.Data = guard{batch: "12345678901234567890123456"}.encode(), value
			for i, m := range []*nats.Msg{one, two} {
				m.Header.Set(batchIDHeader, id)
				m.Header.Set(batchSeqHeader, strconv.Itoa(i+1))
			}
			two.Header.Set(batchCommitHeader, "1")
			if err := nc.PublishMsg(one); err != nil {
				return err
			}
			reply, err := nc.RequestMsgWithContext(b.Context(), two)
			if err != nil {
				return err
			}
			var ack pubAck
			if err := json.Unmarshal(reply.Data, &ack); err != nil {
				return err
			}
			if ack.Error != nil {
				return classify(ack.Error.Code, ack.Error.Description)
			}
			return nil
		}
	})
}

// eachCaller divides the calls among as many callers.
func eachCaller(b *testing.B, callers int, newCall func(caller int) func() error) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	var caller atomic.Int64
	if callers == 1 {
		call := newCall(0)
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
		reportRate(b)
		return
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		call := newCall(int(caller.Add(1)) % callers)
		for pb.Next() {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	reportRate(b)
}

func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkLoad(b *testing.B) {
	for _, replicas := range []int{1, 3} {
		b.Run(fmt.Sprintf("R%d", replicas), func(b *testing.B) {
			s := openOn(b, connect(b, benchServer(b, replicas)), Options{Replicas: replicas}, hooks{})
			const records = 1000
			for i := range records {
				if _, err := s.Commit(b.Context(), testShard, testFence, set(fmt.Sprint(i), string(make([]byte, benchValue)))); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				if _, err := s.Load(context.Background(), testShard, persistence.Key{Grain: fmt.Sprint(i % records)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// likeASilo has a server sync to a real disk, as a silo's embedded one does.
func likeASilo(b *testing.B) func(*server.Options) {
	return func(o *server.Options) { o.SyncAlways, o.StoreDir = true, b.TempDir() }
}
