package client

import (
	"context"
	"maps"
	"slices"
	"time"

	pb "github.com/atollkv/atoll/proto/atoll/v1"
)

// Expire lets a field end, and tells whether it exists and the conditions hold. From then on nobody sees it, in any region. Of
// deadlines that regions set concurrently the longer counts; Persist wins over them. A Set of the field takes its deadline away,
// Incr keeps it. A time is not before 1970, nor after the year 4198. Errors: ErrWrongType, ErrInvalid.
func (h *Hash) Expire(ctx context.Context, field string, end Lifetime, conditions ...ExpireIf) (bool, error) {
	set, err := h.ExpireSome(ctx, []string{field}, end, conditions...)
	return len(set) > 0, err
}

// ExpireSome is Expire of several fields as one update. It returns those that exist and for which the conditions hold.
func (h *Hash) ExpireSome(ctx context.Context, fields []string, end Lifetime, conditions ...ExpireIf) ([]string, error) {
	result, err := h.c.Do(ctx, opHExpire(h.key, fields, end, conditions))
	if err != nil {
		return nil, err
	}
	return changed(fields, result.GetHexpire().GetFields()), nil
}

// Persist takes the deadlines of fields away as one update, and returns those that had one. Error: ErrWrongType.
func (h *Hash) Persist(ctx context.Context, fields ...string) ([]string, error) {
	request := pb.HPersistRequest_builder{Key: h.key, Fields: bytesOf(fields)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hpersist: request}.Build())
	if err != nil {
		return nil, err
	}
	return changed(fields, result.GetHpersist().GetFields()), nil
}

// TTL returns how long a field has to live; ends is false if it does not end. Errors: ErrNotFound, ErrWrongType.
func (h *Hash) TTL(ctx context.Context, field string) (left time.Duration, ends bool, err error) {
	request := pb.HTTLRequest_builder{Key: h.key, Fields: bytesOf([]string{field})}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Httl: request}.Build())
	if err != nil {
		return 0, false, err
	}
	list := result.GetHttl().GetFields()
	if len(list) == 0 || !list[0].GetFound() {
		return 0, false, notFound(h.key)
	}
	return time.Duration(list[0].GetLeftMs()) * time.Millisecond, list[0].GetEnds(), nil
}

// GetEx reads fields and lets them end, as one update; those that are not there are not in the result. Errors: ErrWrongType,
// ErrInvalid, and ErrTooLarge for values of more than 8 MiB together.
func (h *Hash) GetEx(ctx context.Context, end Lifetime, fields ...string) (map[string][]byte, error) {
	request := pb.HGetExRequest_builder{Key: h.key, Fields: bytesOf(fields), Lifetime: end.message}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hgetex: request}.Build())
	if err != nil {
		return nil, err
	}
	return foundOf(fields, result.GetHgetex().GetValues()), nil
}

// GetPersist is GetEx that takes the deadlines away.
func (h *Hash) GetPersist(ctx context.Context, fields ...string) (map[string][]byte, error) {
	request := pb.HGetExRequest_builder{Key: h.key, Fields: bytesOf(fields), Persist: true}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hgetex: request}.Build())
	if err != nil {
		return nil, err
	}
	return foundOf(fields, result.GetHgetex().GetValues()), nil
}

// SetIf is a condition on the fields that the node sees. Regions that set fields concurrently may all succeed: it is no lock.
type SetIf int

// The conditions; one at most makes sense.
const (
	// IfAllAbsent asks that none of the fields is there.
	IfAllAbsent SetIf = iota
	// IfAllPresent asks that all of them are.
	IfAllPresent
)

// SetEx writes fields that end, as one update, and tells whether the condition holds. Errors: ErrWrongType, ErrInvalid.
func (h *Hash) SetEx(ctx context.Context, fields map[string][]byte, end Lifetime, conditions ...SetIf) (bool, error) {
	result, err := h.c.Do(ctx, opHSetEx(h.key, fields, end, conditions))
	if err != nil {
		return false, err
	}
	return result.GetHsetex().GetSet(), nil
}

// GetDel reads fields and deletes them, as one update; those that are not there are not in the result. What another region
// concurrently writes survives. Errors: ErrWrongType, and ErrTooLarge for values of more than 8 MiB together.
func (h *Hash) GetDel(ctx context.Context, fields ...string) (map[string][]byte, error) {
	request := pb.HGetDelRequest_builder{Key: h.key, Fields: bytesOf(fields)}.Build()
	result, err := h.c.Do(ctx, pb.Operation_builder{Hgetdel: request}.Build())
	if err != nil {
		return nil, err
	}
	return foundOf(fields, result.GetHgetdel().GetValues()), nil
}

func opHExpire(key []byte, fields []string, end Lifetime, conditions []ExpireIf) *pb.Operation {
	q := pb.HExpireRequest_builder{Key: key, Fields: bytesOf(fields), Lifetime: end.message}
	q.IfNone, q.IfSome = slices.Contains(conditions, IfNone), slices.Contains(conditions, IfSome)
	q.IfLater, q.IfSooner = slices.Contains(conditions, IfLater), slices.Contains(conditions, IfSooner)
	return pb.Operation_builder{Hexpire: q.Build()}.Build()
}

func opHSetEx(key []byte, fields map[string][]byte, end Lifetime, conditions []SetIf) *pb.Operation {
	q := pb.HSetExRequest_builder{Key: key, Fields: fieldValues(fields), Lifetime: end.message}
	for _, x := range conditions {
		switch x {
		case IfAllAbsent:
			q.IfAbsent = true
		case IfAllPresent:
			q.IfPresent = true
		}
	}
	return pb.Operation_builder{Hsetex: q.Build()}.Build()
}

// fieldValues lists fields by name.
func fieldValues(fields map[string][]byte) []*pb.FieldValue {
	list := make([]*pb.FieldValue, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, pb.FieldValue_builder{Field: []byte(name), Value: fields[name]}.Build())
	}
	return list
}

// foundOf returns the values that were found, by field.
func foundOf(fields []string, values []*pb.HGetResponse) map[string][]byte {
	found := map[string][]byte{}
	for i, v := range values {
		if v.GetFound() && i < len(fields) {
			found[fields[i]] = v.GetValue()
		}
	}
	return found
}

// changed returns the fields whose deadlines were set, or taken away.
func changed(fields []string, what []pb.FieldDeadline) (list []string) {
	for i, x := range what {
		done := x == pb.FieldDeadline_FIELD_DEADLINE_SET || x == pb.FieldDeadline_FIELD_DEADLINE_DELETED
		if done && i < len(fields) {
			list = append(list, fields[i])
		}
	}
	return list
}
