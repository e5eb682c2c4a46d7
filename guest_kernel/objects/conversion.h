// Turning one object's implementation into another's: what a hot-swap and a lazy conversion have in common.
#pragma once

#include "kernel/owned.h"
#include "objects/root.h"

namespace objects {

// The root that serves, the root that is to serve, and the state on its way between them. Who uses it sees to it that
// nobody is inside the object from freeze() to hand_over() or to the end.
//
//   adopt, prepare  everything that takes memory; the object is in use
//   freeze          which CPUs have a share of the state
//   export_on       for each of them, then
//   import_on       for each of them, in any order and side by side; both allocate nothing
//   hand_over       ownership of what was not copied moves; cannot fail. The caller puts the new root in the table
//
// Until hand_over the old root stays as it is, and giving up is to destroy this.
class Conversion {
public:
    // Takes over the root that is to serve. First of all.
    void adopt(kernel::Owned<Root> replacement) { m_new = static_cast<kernel::Owned<Root>&&>(replacement); }
    // Before prepare: memory that spares a small transfer an allocation. It is used up to hand_over, or to the last of the
    // calls above that fails.
    void lend(void* memory, size_t bytes) { m_arena.lend(memory, bytes); }
    // INVALID for another kind of interface, unless callers get an adaptor; NO_FORMAT, NO_MEMORY. The caller keeps `old`
    // alive.
    Status prepare(Root& old, bool adapted = false);
    // The object may have grown since, and may grow again until it is frozen.
    Status make_room();

    void freeze();
    Status export_on(unsigned cpu);
    Status import_on(unsigned cpu);
    // The new root, which is the caller's now, as the old one always was.
    Root& hand_over();

    // Frees the new root, unless it was handed over, and the arena.
    void discard();

    Root* old_root() const { return m_old; }
    const ClassDescriptor& old_class() const { return *m_old_class; }
    const ClassDescriptor& new_class() const { return *m_new_class; }
    CpuSet cpus() const { return m_set; }

private:
    Root* m_old = nullptr;
    kernel::Owned<Root> m_new;
    const ClassDescriptor* m_old_class = nullptr;
    const ClassDescriptor* m_new_class = nullptr;
    const Format* m_format = nullptr;
    TransferArena m_arena;
    CpuSet m_set = 0;
};

}
