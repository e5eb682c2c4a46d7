// What a fallible call returns: success, an error code, or "parked" with the ticket that will resume it.
#pragma once

#include <stdint.h>

#include "abi.h"

namespace kernel {

using abi::Code;

// One register. Zero is success, negative an abi::Code, positive the ticket of a parked call: every frame between
// the object that parked the call and the outermost dispatcher hands a parked status up unchanged.
class [[nodiscard]] Status {
public:
    constexpr Status() = default;
    constexpr Status(Code code) : m_raw(static_cast<int64_t>(code)) {}

    static constexpr Status parked(uint64_t ticket)
    {
        Status status;
        status.m_raw = static_cast<int64_t>(ticket);
        return status;
    }
    static constexpr Status from_raw(int64_t raw)
    {
        Status status;
        status.m_raw = raw;
        return status;
    }

    constexpr bool ok() const { return m_raw == 0; }
    constexpr bool is_parked() const { return m_raw > 0; }
    constexpr uint64_t ticket() const { return static_cast<uint64_t>(m_raw); }
    constexpr Code code() const { return static_cast<Code>(m_raw); }
    constexpr int64_t raw() const { return m_raw; }
    // For the rare caller to whom success and failure are the same: it says so.
    constexpr void ignore() const {}

    friend constexpr bool operator==(Status left, Status right) { return left.m_raw == right.m_raw; }

private:
    int64_t m_raw = 0;
};

// A status and a value of at most eight bytes: 16 bytes travel back in r3 and r4 (ELFv2), so that an interposed call
// needs no hidden result argument.
template <typename T>
class [[nodiscard]] Result {
    static_assert(sizeof(T) <= 8, "a result must fit in two registers");

public:
    constexpr Result(T value) : m_value(value) {}
    constexpr Result(Status failure) : m_status(failure) {}
    constexpr Result(Code failure) : m_status(failure) {}

    constexpr bool ok() const { return m_status.ok(); }
    constexpr bool is_parked() const { return m_status.is_parked(); }
    constexpr Status status() const { return m_status; }
    constexpr Code code() const { return m_status.code(); }
    // Meaningful only when ok().
    constexpr T value() const { return m_value; }

private:
    Status m_status;
    T m_value{};
};

const char* name_of(Code code);

}

// Hands a failed or parked status to the caller; on success yields nothing (Status) or the value (Result).
#define TRY(expression)                                  \
    ({                                                   \
        auto try_result = (expression);                  \
        if (!try_result.ok()) [[unlikely]]               \
            return ::kernel::status_of(try_result);      \
        ::kernel::value_of(try_result);                  \
    })

namespace kernel {

constexpr Status status_of(Status status) { return status; }
constexpr void value_of(Status) {}
template <typename T>
constexpr Status status_of(const Result<T>& result) { return result.status(); }
template <typename T>
constexpr T value_of(const Result<T>& result) { return result.value(); }

}
