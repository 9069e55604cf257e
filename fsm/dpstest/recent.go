package dpstest

// A recent is a map that discards old entries. It keeps at least the min
// entries that were put or got most recently, and at most twice as many: when
// there are min young entries, they become the old ones, and the previous old
// ones are discarded.
type recent[K comparable, V any] struct {
	min        int
	young, old map[K]V
}

func (r *recent[K, V]) get(key K) (V, bool) {
	if v, ok := r.young[key]; ok {
		return v, true
	}
	v, ok := r.old[key]
	if ok {
		r.put(key, v)
	}
	return v, ok
}

func (r *recent[K, V]) put(key K, v V) {
	if len(r.young) >= r.min || r.young == nil {
		r.young, r.old = map[K]V{}, r.young
	}
	r.young[key] = v
}

func (r *recent[K, V]) clear() { r.young, r.old = nil, nil }
