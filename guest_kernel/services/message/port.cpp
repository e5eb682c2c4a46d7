#include "services/message/port.h"

namespace services {

constinit objects::Kind Port::kind{"Port"};

}
