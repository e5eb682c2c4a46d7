// Who gives pages back to a page manager.
#pragma once

#include "objects/reference.h"

namespace services {

struct PageClient {
    objects::Reference reference = nullptr;
    PageClient* next = nullptr;
};

// In the order in which they are asked: who has been asked goes to the end. The nodes belong to whoever owns the list.
class PageClients {
public:
    // NO_MEMORY, EXISTS.
    kernel::Status add(objects::Reference reference);
    // NOT_FOUND.
    kernel::Status remove(objects::Reference reference);
    unsigned count() const { return m_count; }
    // The first, which becomes the last. There is one.
    objects::Reference rotate();
    void free_all();

private:
    PageClient** find(objects::Reference reference);

    PageClient* m_first = nullptr;
    unsigned m_count = 0;
};

}
