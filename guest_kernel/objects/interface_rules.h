// What the boundary of an interposed call demands of an interface, checked when it is compiled.
#pragma once

#include <stddef.h>

#include "objects/object.h"

namespace objects {

template <typename T>
concept RegisterResult = __is_same(T, void) || (__is_trivially_copyable(T) && sizeof(T) <= 16);

template <typename Method>
struct MethodTraits;
template <typename I, typename R, typename... Arguments>
struct MethodTraits<R (I::*)(Arguments...)> {
    using Interface = I;
    // A larger or non-trivial result comes back through a hidden first argument, which would move `this` to r4.
    static constexpr bool result_in_registers = RegisterResult<R>;
    static constexpr bool arguments_are_plain = (__is_trivially_copyable(Arguments) && ... && true);
};

// Lists the methods that an interface adds to Object, in the order of their declaration.
template <auto... Methods>
struct MethodList {
    static_assert((MethodTraits<decltype(Methods)>::result_in_registers && ... && true),
        "an interface method must return a trivially copyable result of at most 16 bytes");
    static_assert((MethodTraits<decltype(Methods)>::arguments_are_plain && ... && true),
        "an interface method must take trivially copyable arguments");
    // class_of and canonical come first.
    static constexpr unsigned count = 2 + sizeof...(Methods);
    static_assert(count <= max_methods, "an interface has at most 256 methods");
};

// One virtual table pointer and nothing else. True, or it does not build.
template <typename I>
consteval bool is_interface()
{
    static_assert(__is_base_of(Object, I), "an interface inherits from objects::Object");
    static_assert(!__has_virtual_destructor(I), "an interface has no virtual destructor: roots destroy objects");
    static_assert(sizeof(I) == sizeof(Object), "an interface has no data and no second base class");
    static_assert(I::Methods::count >= 2, "an interface lists its methods");
    return true;
}

}
