// The declarative part of an adaptor: which method of the old interface becomes which of the new one.
#pragma once

#include "arch/ppc64/percpu.h"
#include "kernel/panic.h"
#include "objects/adaptor.h"

namespace objects {

// A method's own name, without its class, as the compiler spells it.
struct MethodName {
    const char* text;
    size_t length;
};

consteval bool operator==(MethodName left, MethodName right)
{
    if (left.length != right.length)
        return false;
    for (size_t i = 0; i < left.length; ++i) {
        if (left.text[i] != right.text[i])
            return false;
    }
    return true;
}

template <auto method>
consteval MethodName method_name()
{
    // "... [method = &scope::Class::name]"
    const char* all = __PRETTY_FUNCTION__;
    size_t start = 0;
    size_t end = 0;
    for (; all[end] != '\0'; ++end) {
        if (all[end] == ':' || all[end] == '&')
            start = end + 1;
    }
    return {all + start, end - start - 1};
}

template <auto left, auto right>
inline constexpr bool same_method = false;
template <auto method>
inline constexpr bool same_method<method, method> = true;

// The same but for the class that it is a method of.
template <typename Left, typename Right>
inline constexpr bool same_signature = false;
template <typename L, typename R, typename Result, typename... Arguments>
inline constexpr bool same_signature<Result (L::*)(Arguments...), Result (R::*)(Arguments...)> = true;

// Where a method stands in a virtual table, by the list of its own build; no_method when it is not in the list.
template <auto wanted, auto... methods>
consteval unsigned position_of(MethodList<methods...>)
{
    unsigned found = AdaptorMap::no_method;
    unsigned position = 2;
    ((found = same_method<methods, wanted> ? position : found, ++position), ...);
    return found;
}

// The same of a method with the name and the signature of `wanted`.
template <auto wanted, auto... methods>
consteval unsigned position_by_name(MethodList<methods...>)
{
    unsigned found = AdaptorMap::no_method;
    unsigned position = 2;
    (([&] {
        if constexpr (same_signature<decltype(methods), decltype(wanted)>) {
            if (method_name<methods>() == method_name<wanted>())
                found = position;
        }
    }(), ++position), ...);
    return found;
}

// Where the compiler put it: a pointer to a virtual method holds the offset of its slot, plus one.
template <typename Method>
unsigned compiled_slot(Method method)
{
    uint64_t words[2];
    static_assert(sizeof words == sizeof method);
    __builtin_memcpy(words, &method, sizeof words);
    return static_cast<unsigned>((words[0] - 1) / sizeof(void*));
}

template <auto method>
unsigned checked_position()
{
    using Interface = typename MethodTraits<decltype(method)>::Interface;
    constexpr unsigned position = position_of<method>(typename Interface::Methods{});
    static_assert(position != AdaptorMap::no_method, "the interface does not list this method");
    kernel::check(compiled_slot(method) == position, "an interface lists its methods in another order than it declares");
    return position;
}

// -- What an argument of the new method is made of: argument i of the old one, counted from 0, or a value.
template <unsigned i>
struct Argument {
    template <typename First, typename... Rest>
    static constexpr auto from(First first, Rest... rest)
    {
        if constexpr (i == 0)
            return first;
        else
            return Argument<i - 1>::from(rest...);
    }
};

template <auto value>
struct Value {
    template <typename... Arguments>
    static constexpr auto from(Arguments...) { return value; }
};

// -- Rules, each for one method of the old interface. A method without a rule goes to its namesake, which must have the
// same signature.

// Another name, the same arguments: costs what a renumbered method costs.
template <auto old, auto renamed>
struct Renamed {
    static constexpr auto old_method = old;
    static_assert(same_signature<decltype(old), decltype(renamed)>, "a renamed method keeps its signature");
    static void add_to(AdaptorMap& map) { map.add_forward(checked_position<renamed>()); }
};

template <typename OldMethod>
struct Handler;
template <typename I, typename R, typename... A>
struct Handler<R (I::*)(A...)> {
    // What a caller of the old method enters; `Body` says what becomes of it.
    template <typename Body>
    static R enter(AdaptorFace* face, A... arguments)
    {
        auto& adaptor = *static_cast<Adaptor*>(face->face.owner);
        Adaptor::count_call(*face);
        return Body::call(adaptor, arguments...);
    }
    template <typename Body>
    static void add_to(AdaptorMap& map)
    {
        R (*code)(AdaptorFace*, A...) = enter<Body>;
        map.add_handler(reinterpret_cast<const void*>(code));
    }
};

// Added, dropped and reordered arguments: each source makes one argument of the new method, which `convert` turns the
// result of into that of the old one.
template <auto old, auto changed, auto convert, typename... Sources>
struct ChangedResult {
    static constexpr auto old_method = old;
    struct Body {
        template <typename... A>
        static auto call(Adaptor& adaptor, A... arguments)
        {
            using New = typename MethodTraits<decltype(changed)>::Interface;
            const Ref<New> object(adaptor.next());
            return convert((object.operator->()->*changed)(Sources::from(arguments...)...));
        }
    };
    static void add_to(AdaptorMap& map) { Handler<decltype(old)>::template add_to<Body>(map); }
};

inline constexpr auto as_it_is = [](auto result) { return result; };

template <auto old, auto changed, typename... Sources>
struct ChangedArguments : ChangedResult<old, changed, as_it_is, Sources...> {
};

// Answered without calling the object.
template <auto old, auto answer>
struct Answered {
    static constexpr auto old_method = old;
    struct Body {
        template <typename... A>
        static auto call(Adaptor&, A...) { return answer; }
    };
    static void add_to(AdaptorMap& map) { Handler<decltype(old)>::template add_to<Body>(map); }
};

// By a method, of the same signature, of the adaptor's own class, which may keep state.
template <auto old, auto handler>
struct Handled {
    static constexpr auto old_method = old;
    using AdaptorType = typename MethodTraits<decltype(handler)>::Interface;
    static_assert(same_signature<decltype(old), decltype(handler)>, "a handler has the signature of the old method");
    struct Body {
        template <typename... A>
        static auto call(Adaptor& adaptor, A... arguments)
        {
            return (static_cast<AdaptorType&>(adaptor).*handler)(arguments...);
        }
    };
    static void add_to(AdaptorMap& map) { Handler<decltype(old)>::template add_to<Body>(map); }
};

// The map from one interface to another. What has neither a rule nor a namesake does not build.
template <typename Old, typename New, typename... Rules>
class Adaptation final : public AdaptorMap {
    static_assert(is_interface<Old>() && is_interface<New>());

public:
    Adaptation()
    {
        // class_of and canonical.
        add_forward(0);
        add_forward(1);
        add_methods(typename Old::Methods{});
    }

private:
    template <auto... methods>
    void add_methods(MethodList<methods...>)
    {
        (add_method<methods>(), ...);
    }

    template <auto method>
    void add_method()
    {
        kernel::check(checked_position<method>() == this->methods(), "an adaptor's map is out of step");
        if constexpr ((same_method<Rules::old_method, method> || ...))
            (add_if_for<method, Rules>(), ...);
        else
            add_namesake<method>();
    }

    template <auto method, typename Rule>
    void add_if_for()
    {
        if constexpr (same_method<Rule::old_method, method>)
            Rule::add_to(*this);
    }

    template <auto method>
    void add_namesake()
    {
        constexpr unsigned position = position_by_name<method>(typename New::Methods{});
        static_assert(position != no_method, "a method of the old interface needs a rule: the new one has none like it");
        add_forward(position);
    }
};

}
