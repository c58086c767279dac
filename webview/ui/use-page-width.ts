/** How wide the page is, in CSS pixels. */
import { useEffect, useState } from 'preact/hooks';

export function usePageWidth(): number {
  const [width, setWidth] = useState(() => window.innerWidth);
  useEffect(() => {
    const look = () => setWidth(window.innerWidth);
    window.addEventListener('resize', look);
    return () => window.removeEventListener('resize', look);
  }, []);
  return width;
}
