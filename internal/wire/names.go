package wire

import "strconv"

// MaxClusterBytes is the longest name of a cluster. With it, and with the limits of
// types, keys and methods, every subject is shorter than what NATS servers accept in
// one line (4096 bytes): a longer one would end the sender's connection.
const MaxClusterBytes = 64

// MaxMethodBytes is the longest name of a method.
const MaxMethodBytes = 128

// Names makes and reads the subjects of one cluster. NewNames makes it; the zero
// value has no cluster.
//
// Types, methods and incarnations are written as they are given, so they must be
// valid. A key is escaped, but must not be empty.
type Names struct {
	prefix string            // the cluster's name and a dot
	types  map[string]string // by their tokens: what ParseTarget need not make
}

// NewNames takes the name of a cluster: letters from a to z, digits, '_' and '-', at
// most MaxClusterBytes. Another is INVALID_ARGUMENT.
func NewNames(cluster string) (Names, error) {
	ok := cluster != "" && len(cluster) <= MaxClusterBytes
	for i := range len(cluster) {
		c := cluster[i]
		ok = ok && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-')
	}
	if !ok {
		return Names{}, invalid("%s is not a cluster's name: use letters from a to z, digits, '_' and '-', at most %d, such as teff", quote(cluster), MaxClusterBytes)
	}
	return Names{prefix: cluster + "."}, nil
}

// Knowing returns the same names, which read the subjects of the given types without
// making a string of the type.
func (n Names) Knowing(types ...string) Names {
	n.types = make(map[string]string, len(types))
	for _, typ := range types {
		n.types[TypeToken(typ)] = typ
	}
	return n
}

// Cluster returns the cluster's name.
func (n Names) Cluster() string {
	if n.prefix == "" {
		return ""
	}
	return n.prefix[:len(n.prefix)-1]
}

// Call returns the door: the subject on which any client calls.
func (n Names) Call(typ, key, method string) string {
	var stack [stackSubject]byte
	return string(appendTarget(append(append(stack[:0], n.prefix...), "call."...), typ, key, method))
}

// CallAll returns the pattern of all calls at the door.
func (n Names) CallAll() string { return n.prefix + "call.>" }

// Partitioned returns the subject to which a NATS server maps the door.
func (n Names) Partitioned(partition uint32, typ, key, method string) string {
	var stack [stackSubject]byte
	b := strconv.AppendUint(append(append(stack[:0], n.prefix...), "part."...), uint64(partition), 10)
	return string(appendTarget(append(b, '.'), typ, key, method))
}

// PartAll returns the pattern of all calls that a NATS server has mapped.
func (n Names) PartAll() string { return n.prefix + "part.>" }

// PartitionMapping returns the mapping, for a NATS server's configuration, that turns
// the door into the subjects of n partitions, from 1 to 2³¹-1.
func (n Names) PartitionMapping(partitions uint32) (source, destination string) {
	return n.prefix + "call.*.*.*",
		n.prefix + "part.{{partition(" + strconv.FormatUint(uint64(partitions), 10) + ",1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}"
}

// Direct returns the subject on which one silo alone is called.
func (n Names) Direct(incarnation, typ, key, method string) string {
	var stack [stackSubject]byte
	b := append(append(append(stack[:0], n.prefix...), "silo."...), incarnation...)
	return string(appendTarget(append(b, '.'), typ, key, method))
}

// DirectAll returns the pattern of all calls to one silo.
func (n Names) DirectAll(incarnation string) string { return n.prefix + "silo." + incarnation + ".>" }

// View returns the subject on which any silo tells the cluster's view.
func (n Names) View() string { return n.prefix + "view" }

// ViewChanged returns the subject of the event that the view has changed.
func (n Names) ViewChanged() string { return n.prefix + "view.changed" }

// Describe returns the subject on which any silo describes the grain type.
func (n Names) Describe(typ string) string { return n.prefix + "describe." + TypeToken(typ) }

// DescribeAll returns the pattern of all requests for a description.
func (n Names) DescribeAll() string { return n.prefix + "describe.>" }

// Ctl returns the subject on which a silo is asked to do what the verb says. The verb
// is one token, or several joined by dots.
func (n Names) Ctl(incarnation, verb string) string {
	return n.prefix + "ctl." + incarnation + "." + verb
}

// CtlAll returns the pattern of all that one silo is asked to do.
func (n Names) CtlAll(incarnation string) string { return n.prefix + "ctl." + incarnation + ".>" }

// stackSubject is room for a usual subject, so that making one allocates once.
const stackSubject = 160

func appendTarget(dst []byte, typ, key, method string) []byte {
	dst = append(appendType(dst, typ), '.')
	dst = append(appendKey(dst, key), '.')
	return append(dst, method...)
}
