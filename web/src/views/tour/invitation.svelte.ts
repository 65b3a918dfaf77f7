/** Whether the tour is still offered: until it was opened or declined once. */
const KEY = 'tour';

class Invitation {
  open = $state(localStorage.getItem(KEY) === null);

  close(): void {
    if (this.open) {
      this.open = false;
      localStorage.setItem(KEY, 'known');
    }
  }
}

export const invitation = new Invitation();
