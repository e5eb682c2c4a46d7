// K42's example of a clustered object: a counter.
#pragma once

#include "objects/class_record.h"
#include "objects/root.h"

namespace services {

class Counter : public objects::Object {
public:
    static objects::Kind kind;
    struct Creation {};

    virtual kernel::Status increment() = 0;
    virtual kernel::Status decrement() = 0;
    virtual kernel::Result<int64_t> value() = 0;

    using Methods = objects::MethodList<&Counter::increment, &Counter::decrement, &Counter::value>;

protected:
    ~Counter() = default;
};

// How counters hand over their state: each CPU's share; the count is the sum of the shares.
inline constexpr objects::Format counter_formats[] = {{"counter.shares/1"}};
struct CounterShare {
    int64_t count;
};

}
