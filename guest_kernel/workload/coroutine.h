// What the compiler looks for in namespace std where a function is a coroutine. The kernel has no standard library.
#pragma once

#include <stddef.h>

namespace std {

template <typename R, typename... Arguments>
struct coroutine_traits {
    using promise_type = typename R::promise_type;
};

template <typename Promise = void>
class coroutine_handle;

// Names a suspended coroutine by the address of its frame.
template <>
class coroutine_handle<void> {
public:
    constexpr coroutine_handle() = default;
    static coroutine_handle from_address(void* frame)
    {
        coroutine_handle handle;
        handle.m_frame = frame;
        return handle;
    }
    void* address() const { return m_frame; }
    explicit operator bool() const { return m_frame != nullptr; }
    bool done() const { return __builtin_coro_done(m_frame); }
    void resume() const { __builtin_coro_resume(m_frame); }
    void destroy() const { __builtin_coro_destroy(m_frame); }

protected:
    void* m_frame = nullptr;
};

template <typename Promise>
class coroutine_handle : public coroutine_handle<void> {
public:
    static coroutine_handle from_address(void* frame)
    {
        coroutine_handle handle;
        handle.m_frame = frame;
        return handle;
    }
    static coroutine_handle from_promise(Promise& promise)
    {
        return from_address(__builtin_coro_promise(&promise, alignof(Promise), true));
    }
    Promise& promise() const
    {
        return *static_cast<Promise*>(__builtin_coro_promise(m_frame, alignof(Promise), false));
    }
};

struct suspend_never {
    constexpr bool await_ready() const noexcept { return true; }
    constexpr void await_suspend(coroutine_handle<>) const noexcept {}
    constexpr void await_resume() const noexcept {}
};

struct suspend_always {
    constexpr bool await_ready() const noexcept { return false; }
    constexpr void await_suspend(coroutine_handle<>) const noexcept {}
    constexpr void await_resume() const noexcept {}
};

}
