/** metav1.MicroTime: RFC 3339 with six digits, as Leases and events.k8s.io want it. */
export const toMicroTime = (time: Date): string => time.toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
