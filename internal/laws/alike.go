package laws

import (
	"reflect"
	"time"
)

// Alike is reflect.DeepEqual, but that a collection which is not there is like an
// empty one, and a time like the same one of another zone: their JSON form does
// not tell these apart. It is for values without unexported fields.
func Alike(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.Type() == y.Type() && alike(x, y)
}

func alike(a, b reflect.Value) bool {
	at, isTime := a.Interface().(time.Time)
	if other, both := b.Interface().(time.Time); isTime && both {
		return at.Equal(other)
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		return a.IsNil() == b.IsNil() && (a.IsNil() || Alike(a.Elem().Interface(), b.Elem().Interface()))
	case reflect.Struct:
		return all(a.NumField(), func(i int) bool { return alike(a.Field(i), b.Field(i)) })
	case reflect.Slice, reflect.Array:
		return a.Len() == b.Len() && all(a.Len(), func(i int) bool { return alike(a.Index(i), b.Index(i)) })
	case reflect.Map:
		keys := a.MapKeys()
		return a.Len() == b.Len() && all(len(keys), func(i int) bool {
			return b.MapIndex(keys[i]).IsValid() && alike(a.MapIndex(keys[i]), b.MapIndex(keys[i]))
		})
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func all(n int, holds func(i int) bool) bool {
	for i := range n {
		if !holds(i) {
			return false
		}
	}
	return true
}
