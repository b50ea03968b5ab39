// Package mirror keeps a copy of a folder that is served over HTTP.
package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

const (
	listName  = "list.json"
	mostBytes = 1 << 20
	patience  = 10 * time.Second
)

// ErrChanged says that a file is not the one that was listed.
var ErrChanged = errors.New("the file has changed since it was listed")

// Entry is one file of the list.
type Entry struct {
	Name  string    `json:"name"`
	Size  int64     `json:"size"`
	Saved time.Time `json:"saved"`
}

// Mirror copies files from a server into a folder.
type Mirror struct {
	base   string
	folder string
	client *http.Client

	mu   sync.Mutex
	done map[string]bool
}

// New returns a mirror of what lies below an address.
func New(base, folder string) (*Mirror, error) {
	if base == "" {
		return nil, errors.New("mirror: the address is empty")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	return &Mirror{
		base:   base,
		folder: folder,
		client: &http.Client{Timeout: patience},
		done:   make(map[string]bool),
	}, nil
}

// List returns what the server has, the newest first.
func (m *Mirror) List(ctx context.Context) ([]Entry, error) {
	body, err := m.get(ctx, listName)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var entries []Entry
	if err := json.NewDecoder(body).Decode(&entries); err != nil {
		return nil, fmt.Errorf("the list cannot be read: %w", err)
	}
	sort.Slice(entries, func(i, j int) bool {
		return entries[i].Saved.After(entries[j].Saved)
	})
	return entries, nil
}

func (m *Mirror) get(ctx context.Context, name string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	response, err := m.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s: %s", name, response.Status)
	}
	return response.Body, nil
}

// Copy fetches one file and returns how many bytes it has.
func (m *Mirror) Copy(ctx context.Context, entry Entry) (int64, error) {
	body, err := m.get(ctx, entry.Name)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	file, err := os.Create(filepath.Join(m.folder, filepath.Base(entry.Name)))
	if err != nil {
		return 0, err
	}
	written, err := io.Copy(file, io.LimitReader(body, mostBytes))
	if err != nil {
		file.Close()
		return written, err
	}
	if written != entry.Size {
		return written, ErrChanged
	}
	m.mu.Lock()
	fmt.Fprintf(
		os.Stderr,
		"%s: %d bytes\n",
		entry.Name, written,
	)
	m.done[entry.Name] = true
	m.mu.Unlock()
	return written, file.Close()
}

// Run copies all that is not there yet, again and again.
func (m *Mirror) Run(ctx context.Context, every time.Duration, report func(string, error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		started := time.Now().
			UTC().
			Truncate(time.Second)
		report(started.String(), nil)
		entries, err := m.List(ctx)
		if err != nil {
			report(listName, err)
		}
		for _, entry := range entries {
			if m.has(entry.Name) {
				continue
			}
			if _, err := m.Copy(ctx, entry); err != nil {
				report(entry.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (m *Mirror) has(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done[name]
}

func describe(err error) string {
	switch {
	case err == nil:
		return "copied"
	case errors.Is(err, ErrChanged):
		return "changed"
	case errors.Is(err, context.Canceled):
		return "stopped"
	default:
		return "failed: " + err.Error()
	}
}
