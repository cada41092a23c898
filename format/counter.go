package format

// maxCounter is more packets or bytes than one record can tell of: 18 petabytes,
// in minutes, at one interface. What is larger is no measurement, and sums of
// it would not fit.
const maxCounter = 1 << 54
