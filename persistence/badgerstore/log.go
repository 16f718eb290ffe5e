package badgerstore

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// badgerLog passes on what Badger logs. Its info is for those who debug Badger.
type badgerLog struct {
	to *slog.Logger

	// syncFailed is set when Badger logs, as it does instead of returning it, that it
	// could not sync the file of the big values.
	syncFailed atomic.Bool
}

const syncFailure = "Error while curlf sync"

func (l *badgerLog) Errorf(format string, args ...any) {
	if strings.HasPrefix(format, syncFailure) {
		l.syncFailed.Store(true)
	}
	l.log(slog.LevelError, format, args)
}

func (l *badgerLog) Warningf(format string, args ...any) { l.log(slog.LevelWarn, format, args) }
func (l *badgerLog) Infof(format string, args ...any)    { l.log(slog.LevelDebug, format, args) }
func (l *badgerLog) Debugf(string, ...any)               {}

func (l *badgerLog) log(level slog.Level, format string, args []any) {
	ctx := context.Background()
	if !l.to.Enabled(ctx, level) {
		return
	}
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	l.to.Log(ctx, level, "badger", slog.String("text", text))
}
