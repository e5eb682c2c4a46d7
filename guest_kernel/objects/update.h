// One change shipped as a module, and where it stands.
#pragma once

#include "kernel/mutex.h"
#include "objects/class_descriptor.h"
#include "objects/hot_swap.h"

namespace objects {

enum class UpdateState : uint8_t { Staged, Applying, Active, Superseded, Reverted, Aborted, Stuck, Unloaded };

const char* name_of(UpdateState state);
// Whether an update in `from` may come to be in `to`.
bool allowed(UpdateState from, UpdateState to);

inline constexpr unsigned update_name_size = 64;

// Lives in the kernel for good: what happened stays to be read after the module is gone.
struct Update {
    uint64_t id = 0;
    char name[update_name_size] = {};
    uint64_t module = 0;
    UpdateState state = UpdateState::Staged;
    // Why it was aborted.
    Code reason = Code::OK;
    Update* next = nullptr;
};

class UpdateListener {
public:
    virtual void update_changed(const Update& update) = 0;

protected:
    ~UpdateListener() = default;
};

class Updates {
public:
    // A module of that name has been staged. NO_MEMORY.
    Result<Update*> add(const char* name, uint64_t module);
    // Its initialisation runs from now on; one at a time (BUSY).
    Status begin(Update& update);
    // It has returned, or was ended.
    void end(Update& update, Status result);
    void change(Update& update, UpdateState state);
    // The one whose initialisation runs, 0 when none does.
    uint64_t applying() const { return __atomic_load_n(&m_applying, __ATOMIC_ACQUIRE); }

    void set_listener(UpdateListener* listener) { m_listener = listener; }
    Update* find(uint64_t id);
    Update* find_by_module(uint64_t module);
    // Under the lock: visit must not call back.
    void for_each(void (*visit)(const Update&, void*), void* context);

private:
    // Guards the list and the states. Held while the listener is told.
    kernel::Mutex m_lock;
    Update* m_first = nullptr;
    uint64_t m_next_id = 1;
    uint64_t m_applying = 0;
    UpdateListener* m_listener = nullptr;
};

Updates& updates();

// For a module's initialisation function, where nothing is counted: replaces the one object of that well-known name by
// a new one of the given class and waits for the end of the swap. NOT_FOUND, VERSION when the class is the object's own
// but not of the next version, or what the swap failed with. With an adaptor the new object has another interface and a
// reference of its own.
Status replace(const char* name, const ClassDescriptor& replacement, const AdaptorPlan* adaptor = nullptr);

}
