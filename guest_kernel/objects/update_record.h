// What the kernel has on record of an update, and the register of all of them.
#pragma once

#include "kernel/mutex.h"
#include "objects/class_record.h"
#include "objects/update_state.h"

namespace objects {

struct AdaptorPlan;

inline constexpr unsigned update_name_size = 64;
inline constexpr unsigned update_text_size = 160;
inline constexpr unsigned max_class_changes = 8;

// How instances that exist are brought to the new version. Auto: at once, unless there are many.
enum class UpdateMode : uint8_t { Auto, Eager, Lazy };

// All instances of a class, by its factory; one object by itself; a class that was not there before.
enum class ChangeKind : uint8_t { Instances, OneObject, NewClass };

// A reference, and which of the objects that have had it in turn.
struct NamedReference {
    Reference reference = nullptr;
    uint32_t sequence = 0;

    static NamedReference of(Reference reference);
    // Null when that object is gone.
    Reference find() const;
    bool operator==(const NamedReference&) const = default;
};

// One class of an update. The numbers stay to be read when the modules that the descriptors lie in are gone.
struct ClassChange {
    ChangeKind kind = ChangeKind::Instances;
    ClassRecord* record = nullptr;
    // Null for a new class, and when the earlier version's module was unloaded: then there is no way back.
    const ClassDescriptor* from = nullptr;
    const ClassDescriptor* to = nullptr;
    uint64_t from_version = 0;
    uint64_t to_version = 0;
    // Of one object: before the change, and afterwards where an adaptor came in its place.
    NamedReference before;
    NamedReference after;
    // Of one object or of a class whose interface changes.
    const AdaptorPlan* adaptor = nullptr;
    const AdaptorPlan* way_back = nullptr;
    // What the class' counter of conversions was when this change began.
    uint64_t converted_before = 0;
    // The class' epoch since this change, 0 before it.
    uint64_t epoch = 0;
    // The new version is in service, at least beside the old one: there is something to take back.
    bool in_service = false;
};

struct UpdateCounts {
    // Marked and left together: those that will be converted.
    uint64_t unconverted = 0;
    // Stay old because their transfer failed.
    uint64_t failed = 0;
    uint64_t converted = 0;
    uint64_t marked = 0;
    // Of the old version and not even marked.
    uint64_t left = 0;
};

// What a module says of the change that it brings.
struct UpdateTerms {
    UpdateMode mode = UpdateMode::Auto;
    // Why it cannot be undone; empty when it can.
    const char* irreversible = "";
};

// Lives in the kernel for good: what happened stays to be read after the module is gone. The verdict is decided by one
// compare-and-swap: exactly one of committed and cancelled is reported, whoever comes at the same time.
struct Update {
    uint64_t id = 0;
    char name[update_name_size] = {};
    uint64_t module = 0;
    UpdateState state = UpdateState::Staged;
    UpdateMode mode = UpdateMode::Auto;
    char irreversible[update_text_size] = {};
    // Why it was aborted or got stuck, and in words, where there is more to say.
    Code reason = Code::OK;
    char text[update_text_size] = {};
    uint64_t began_ns = 0;
    ClassChange changes[max_class_changes];
    unsigned change_count = 0;
    Update* next = nullptr;

    // Nothing is decided yet; the first of them wins.
    bool commit() { return decide(committed); }
    // Refuses what would have to be undone from now on.
    bool cancel(Code why) { return decide(static_cast<int64_t>(why)); }
    // OK as long as it was not cancelled.
    Status verdict() const;
    bool can_be_undone() const { return irreversible[0] == '\0'; }
    UpdateCounts counts() const;

private:
    static constexpr int64_t undecided = 1;
    static constexpr int64_t committed = 0;
    bool decide(int64_t verdict);
    int64_t m_verdict = undecided;
};

class UpdateListener {
public:
    virtual void update_changed(const Update& update) = 0;
    // Something that it waits for has taken longer than its time limit, since `since_ns`.
    virtual void update_stalled(const Update& update, const char* step, uint64_t since_ns) = 0;
    // Nothing of it is in service any more.
    virtual void update_withdrawn(Update& update) = 0;

protected:
    ~UpdateListener() = default;
};

class Updates {
public:
    // A module of that name has been staged. NO_MEMORY.
    Result<Update*> add(const char* name, uint64_t module, const UpdateTerms& terms = {});
    // Its initialisation runs from now on; one at a time (BUSY).
    Status begin(Update& update);
    // Afterwards another one may begin.
    void settle(Update& update, UpdateState state);
    void change(Update& update, UpdateState state);
    // From one state to another: false when it is not in the first.
    bool advance(Update& update, UpdateState from, UpdateState to);
    // The first failure is kept.
    void note_failure(Update& update, Code reason, const char* text);
    // What is to come counts by itself.
    void forget_failure(Update& update);
    // What it says now, for people.
    void tell_progress(const Update& update);
    void tell_stalled(const Update& update, const char* step, uint64_t since_ns);
    void tell_withdrawn(Update& update);
    // The one whose initialisation runs, 0 when none does.
    uint64_t applying() const { return __atomic_load_n(&m_applying, __ATOMIC_ACQUIRE); }

    void set_listener(UpdateListener* listener) { m_listener = listener; }
    Update* find(uint64_t id);
    Update* find_by_module(uint64_t module);
    // Under the lock: visit must not call back.
    void for_each(void (*visit)(const Update&, void*), void* context);

    // A newer one that changes the same class or object and has not been taken back, or null.
    const Update* successor(const Update& update);
    // Of those that were taken back and whose modules are still there, the newest before that one, or null.
    Update* newest_reverted(uint64_t before = ~uint64_t{0});
    // Whichever active update has nothing left in service that a newer one did not replace becomes Superseded, and back.
    void review_superseded();
    // Whether the update that is being applied, or on its way back from there, changes a class of that name: its instances
    // may yet be what they were.
    bool undecided_about(const char* class_name);
    // A newer update was taken back, and the object that had the one reference before it has got the other.
    void note_moved(NamedReference from, NamedReference to);
    // Descriptors in [first, end) are about to go: no update can lead back to them.
    void forget_classes(uint64_t first, uint64_t end);

private:
    void enter(Update& update, UpdateState state);
    bool replaced_by_newer(const Update& update, const ClassChange& change) const;

    // Guards the list and the states. Held while the listener is told of a state.
    kernel::Mutex m_lock;
    Update* m_first = nullptr;
    uint64_t m_next_id = 1;
    uint64_t m_applying = 0;
    UpdateListener* m_listener = nullptr;
};

Updates& updates();

}
